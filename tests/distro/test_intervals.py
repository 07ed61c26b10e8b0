"""Whatever the export interval, what arrives in all is what was served, from the first increment to the last."""

import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import pytest

from reduse.wire import user_hash
from tests.distro.service import KEY, Service
from tests.otlp_receiver import OtlpReceiver, Received
from tests.waiting import PATIENCE_SECONDS

pytestmark = [pytest.mark.server, pytest.mark.slow]

DURATION = "http.server.request.duration"
USERS_DURATION = "reduse.user.request.duration"
USERS = [f"user-{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("interval", "seconds", "exports"),
    [
        pytest.param(1_000, 3.5, 3, id="1-s"),
        pytest.param(10_000, 12, 2, id="10-s"),
        pytest.param(60_000, 3, 1, id="a-minute-that-the-service-does-not-live"),
    ],
)
def test_totals_increases_and_users_are_exact(interval: int, seconds: float, exports: int) -> None:
    rounds = 0
    with (
        OtlpReceiver() as receiver,
        Service(receiver.endpoint, OTEL_METRIC_EXPORT_INTERVAL=str(interval)) as service,
    ):

        def heard() -> int:
            return len({(point.start, point.time) for point in receiver.named(USERS_DURATION)})

        begun = time.monotonic()
        # The last export is that of the end. On a busy machine the others may be late, and then fewer.
        while (lasted := time.monotonic() - begun) < seconds or (heard() < exports - 1 and lasted < PATIENCE_SECONDS):
            service.get("/plain", 1, USERS)
            service.get(f"/nope/{rounds}")
            rounds += 1
            time.sleep(0.2)
        service.terminate()
    served = rounds * (len(USERS) + 1)
    assert receiver.total(DURATION) == served
    hashes = {user_hash(KEY.encode(), user): rounds for user in USERS}
    assert receiver.user_counts() == Counter(hashes | {"-": rounds})
    assert sum(map(_increase, _by_series(receiver.named(DURATION)))) == served
    intervals = sorted({(point.start, point.time) for point in receiver.named(USERS_DURATION)})
    assert len(intervals) >= exports
    assert all(before[1] == after[0] for before, after in pairwise(intervals))


def _by_series(points: Sequence[Received]) -> list[list[Received]]:
    return [[point for point in points if point.series == series] for series in {point.series for point in points}]


def _increase(points: Sequence[Received]) -> float:
    """As Prometheus sees it: the last value less the first."""
    assert points[0].value == 0
    assert [point.time for point in points] == sorted({point.time for point in points})
    return points[-1].value - points[0].value
