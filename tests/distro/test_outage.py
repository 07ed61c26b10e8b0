"""The agent is away for a minute while the service works on."""

import time
from collections import Counter, defaultdict

import psutil
import pytest

from reduse.wire import user_hash
from tests.distro.servers import Server, uvicorn
from tests.distro.service import KEY
from tests.otlp_receiver import OtlpReceiver

pytestmark = pytest.mark.server

DURATION = "http.server.request.duration"
USER_DURATION = "reduse.user.request.duration"
OUTAGE_SECONDS = 60
USERS = [f"user-{number}" for number in range(20)]

# Two exports of all users may wait, and more are merged: users stay exact, because the same ones come again.
USER_LIMIT = "50"
MOST_GROWTH_BYTES = 8 << 20


def test_a_minute_without_the_agent_loses_and_doubles_nothing_within_bounded_memory() -> None:
    rounds = 0
    with (
        OtlpReceiver() as receiver,
        Server(
            receiver.endpoint, uvicorn(), OTEL_METRIC_EXPORT_INTERVAL="1000", REDUSE_USER_LIMIT=USER_LIMIT
        ) as server,
    ):
        process = psutil.Process(server.pid)

        def work(seconds: float) -> None:
            nonlocal rounds
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                assert server.ask(len(USERS), users=USERS).total() == len(USERS)
                rounds += 1
                time.sleep(0.3)

        work(3)
        receiver.wait_for(lambda r: r.total(DURATION) == rounds * len(USERS))
        receiver.stop()
        work(5)
        memory = process.memory_info().rss
        work(OUTAGE_SECONDS - 5)
        growth = process.memory_info().rss - memory
        receiver.lose_replies, receiver.lose_replies_to = 3, USER_DURATION
        receiver.start()
        work(3)
        receiver.wait_for(lambda r: r.total(DURATION) == rounds * len(USERS))
        receiver.wait_for(lambda r: r.user_counts().total() == rounds * len(USERS))
        receiver.wait_for(lambda r: r.named("reduse.distro.held")[-1].value == 0)
        output = server.terminate()
    assert receiver.user_counts() == Counter({user_hash(KEY.encode(), user): rounds for user in USERS} | {"-": 0})
    repeats = _counts_of_repeats(receiver)
    assert repeats, "three replies were lost"
    assert all(len(set(values)) == 1 for values in repeats)
    assert max(point.value for point in receiver.named("reduse.distro.held")) > 1
    assert receiver.total("reduse.distro.merged") > 0
    assert growth < MOST_GROWTH_BYTES
    # Each kind at the start of the outage and once a minute.
    assert 0 < output.count("Failed to export") <= 3
    assert output.count("Transient error") <= 3


def _counts_of_repeats(receiver: OtlpReceiver) -> list[list[tuple[float, float]]]:
    """Count and sum of each point that came more than once."""
    came: dict[object, list[tuple[float, float]]] = defaultdict(list)
    for point in receiver.named(USER_DURATION):
        came[point.series, point.start, point.time].append((point.value, point.sum))
    return [values for values in came.values() if len(values) > 1]
