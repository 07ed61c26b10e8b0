"""What is predicted from the history is what slowapi rejects, with the snippet that is printed for it.

All of the way is real: a FastAPI application under the distro, which counts users and 429, the processor, its history.
"""

import math
import time
from pathlib import Path

import pytest

from reduse.limit import Limit, Period
from reduse.recommendation.observation import LimitEffect, Observation
from reduse.recommendation.snippets import Limiter as Software
from reduse.recommendation.snippets import snippet
from reduse.what_if.answer import Answer
from reduse.what_if.limiter import Kind, Limiter
from reduse.what_if.reading import Question, ask
from reduse.wire import user_hash
from tests.distro.service import KEY, Service
from tests.processor.process import running
from tests.processor.sink import Sink
from tests.waiting import wait_until
from tests.what_if.limiters.schedule import BURST_SECONDS, LIMIT, SEEDS, TOLERANCE, Outcome, carry_out, names

pytestmark = [pytest.mark.server, pytest.mark.slow]

SERVICE = "limited"
ROUTE = """
@app.get("/")
async def read() -> dict[str, str]:
    return {}
"""


class Limited(Service):
    application = "limited_service:app"


def written(folder: Path) -> Path:
    """The application: the snippet, and a route."""
    seen = Observation(SERVICE, 0, 3600, 1, 3600, BURST_SECONDS, 10, 10, 36, 10, [])
    text = snippet(Software.SLOWAPI, seen, LimitEffect(LIMIT, 0, 0, 0), "x-api-key")
    (folder / "limited_service.py").write_text(text + ROUTE)
    return folder


def by_user(answer: Answer, numbers: list[int]) -> dict[str, int]:
    return {f"{user:016x}": number for user, number in zip(answer.users.tolist(), numbers, strict=True)}


def carried_out(folder: Path) -> tuple[Outcome, Answer]:
    begin = int(time.time())
    settings = {
        "OTEL_SERVICE_NAME": SERVICE,
        "REDUSE_USER_RESOLVERS": "verified:header:X-API-Key",
        "PYTHONPATH": str(written(folder)),
    }
    with Sink() as sink, running(folder / "state", sink.port) as processor:
        with Limited(f"http://127.0.0.1:{processor.http_port}", **settings) as service:
            outcome = carry_out(service.port)
        limiter = Limiter(Limit(LIMIT, Period.SECOND), LIMIT * BURST_SECONDS, Kind.MOVING_WINDOW)
        question = Question(SERVICE, begin, math.ceil(time.time()), [limiter])
        sent = sum(map(len, outcome.sent.values()))
        history = [folder / "state" / "history"]
        wait_until(lambda: sink.samples("reduse.user.requests") != {}, "the first window")
        wait_until(lambda: ask(history, question).requests == sent, "the last window in the history")
        return outcome, ask(history, question)


def test_slowapi_rejects_what_is_predicted_and_the_history_has_what_it_rejected(tmp_path: Path) -> None:
    outcome, answer = carried_out(tmp_path)
    foreseen_by_user = by_user(answer, answer.effects[0].rejected_by_user.tolist())
    throttled_by_user = by_user(answer, answer.throttled_by_user.tolist())
    for seed in SEEDS:
        hashes = {name: user_hash(KEY.encode(), name) for name in names(seed)}
        rejected, foreseen = outcome.rejected_of(seed), sum(foreseen_by_user[each] for each in hashes.values())
        print(f"slowapi, seed {seed}: {foreseen} predicted, {rejected} rejected, {foreseen / rejected - 1:+.2%}")  # noqa: T201
        assert foreseen == pytest.approx(rejected, rel=TOLERANCE)
        assert {name: throttled_by_user[each] for name, each in hashes.items()} == {
            name: outcome.rejected[name] for name in names(seed)
        }
