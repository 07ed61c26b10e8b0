"""Without a history what is predicted and what was throttled are the counters in the store."""

import shutil
import time
from pathlib import Path

import pytest

from reduse.limit import Limit, Period
from reduse.recommendation.errors import ChoiceError
from reduse.store.access import Access
from reduse.store.client import StoreClient
from reduse.what_if.counters import verify_counters
from reduse.what_if.limiter import Kind, Limiter
from reduse.what_if.verification import NOT_THROTTLED
from tests.recommendation.history import History, prometheus
from tests.recommendation.traffic import Traffic

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus on PATH: install the package"),
]

LENGTH = 3600


def test_counters_stand_beside_each_other_by_hour(tmp_path: Path) -> None:
    end = int(time.time()) - 60
    traffic = Traffic(end - LENGTH, {"a": [9] * LENGTH, "b": [1] * LENGTH})
    history = History()
    history.processor("mes-api", "p", traffic, (5,))
    history.policy("mes-api", "p", "price", traffic, {"60/minute": (1, 60)})
    for named, count in (("", 1), ("price", 3)):
        labels = {"service": "mes-api", "job": "reduse-processor", "instance": "p"} | (
            {"policy": named} if named else {}
        )
        history._counter("reduse_throttled_requests_total", labels, traffic.seconds, [count] * LENGTH, None, 0)
    second, minute = Limiter(Limit(5, Period.SECOND), 10), Limiter(Limit(60, Period.MINUTE), 60)
    with prometheus(history, tmp_path) as port, StoreClient(Access(f"http://127.0.0.1:{port}")) as store:
        whole = verify_counters(store, "mes-api", None, second, end - LENGTH, end)
        under = verify_counters(store, "mes-api", "price", minute, end - LENGTH, end)
        for policy, limiter in (
            (None, minute),
            ("price", second),
            (None, Limiter(Limit(5, Period.SECOND), 10, Kind.MOVING_WINDOW)),
        ):
            with pytest.raises(ChoiceError, match="without a history only token buckets that the processor tries"):
                verify_counters(store, "mes-api", policy, limiter, end - LENGTH, end)
    # User a is over both limits all the time; `increase()` extrapolates to the edges of the hours.
    assert whole.in_all.predicted == pytest.approx(4 * LENGTH, rel=0.01)
    assert whole.in_all.throttled == pytest.approx(4 * LENGTH, rel=0.01)
    assert under.in_all.predicted == pytest.approx(8 * LENGTH, rel=0.02)
    assert under.in_all.throttled == pytest.approx(3 * LENGTH, rel=0.01)
    assert len(whole.hours) == 2
    assert NOT_THROTTLED not in whole.notes
