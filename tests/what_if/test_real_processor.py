"""What the replay rejects is what the processor's own counters say, request for request, through kill -9 and stops."""

import time
from pathlib import Path

import pytest

from reduse.limit import Limit, Period
from reduse.what_if.limiter import Limiter
from reduse.what_if.reading import Question, ask
from tests.ports import free_port
from tests.processor.history.test_server import Schedule, own_counters, wait_for
from tests.processor.process import Client, running
from tests.processor.sink import Sink

pytestmark = pytest.mark.server

# By the second, in the form of the labels; the last ones fill buckets by sums that are not exact.
LIMITS = ("1", "2", "5", "0.3", "1.7")
SETTINGS = {"COMMIT_INTERVAL_SECONDS": "0.01", "LIMITS": f"{','.join(LIMITS)}@2", "IDLE_SECONDS": "2"}


def test_the_replay_is_what_the_ladder_counted(tmp_path: Path) -> None:
    schedule, port, state = Schedule(int(time.time()) - 200), free_port(), tmp_path / "state"
    client = Client(port)
    with Sink() as sink:
        for life in range(4):
            with running(state, sink.port, port, 0, **SETTINGS) as processor:
                for _ in range(20):
                    client.send_until_taken(schedule.second())
                if life == 3:
                    wait_for(sink, schedule.next)
                if life % 2:
                    assert processor.terminate() == 0
                else:
                    processor.kill()
        client.close()
        limiters = [Limiter(Limit(float(limit), Period.SECOND), max(1.0, float(limit) * 2)) for limit in LIMITS]
        answer = ask([state / "history"], Question("mes-api", schedule.begin, schedule.next, limiters))
        counted = own_counters(sink)
    assert {limit: effect.rejected for limit, effect in zip(LIMITS, answer.effects, strict=True)} == {
        limit: counted[limit] for limit in LIMITS
    }
    assert answer.all_requests - answer.requests == schedule.anonymous
    assert not answer.gaps
