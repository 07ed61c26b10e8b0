"""The agent's ports, with a whole pipeline behind them: in the store the innocent's samples are as they were sent."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from reduse.errors import StackError
from reduse.settings.stack import load_settings
from reduse.stack import collector
from tests.collector import pipeline as pipelines
from tests.collector.pipeline import Pipeline
from tests.fuzz.innocent import Innocent
from tests.fuzz.ports import traffic
from tests.fuzz.ports.running import BrokenError, Kind
from tests.fuzz.ports.target import Guard, Target, grpc_kinds, http_kinds
from tests.fuzz.ports.ways import CLOSED, UNREADABLE, UNSAYABLE
from tests.fuzz.ways import Ways
from tests.waiting import wait_until

GRPC_ANSWERS = frozenset({"OK", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", UNREADABLE})
BODIES_ANSWERS = frozenset({"200", "400", "413", "429", UNSAYABLE})
REQUESTS_ANSWERS = BODIES_ANSWERS | {"301", "307", "404", "405", "408", "415", "417", "431", "501", "505", CLOSED}


def agent_grpc(folder: Path, seed: int) -> AbstractContextManager[Target]:
    exports = _exports(seed)
    return _pipeline(folder, lambda pipeline: grpc_kinds(pipeline.agent.port, exports, GRPC_ANSWERS))


def agent_http(folder: Path, seed: int) -> AbstractContextManager[Target]:
    exports = _exports(seed)
    return _pipeline(
        folder, lambda pipeline: http_kinds(pipeline.agent_http_port, exports, BODIES_ANSWERS, REQUESTS_ANSWERS)
    )


def _exports(seed: int) -> list[bytes]:
    """All that services send to an agent: metrics for the gateway, and users for the processor."""
    return [*traffic.service_exports(seed), *traffic.user_exports(seed)]


@contextmanager
def _pipeline(folder: Path, kinds: Callable[[Pipeline], Sequence[Kind]]) -> Iterator[Target]:
    otelcol = collector.find(load_settings())
    if otelcol is None:
        raise StackError("there is no collector: ./reduse collector builds one.")
    folder.mkdir(parents=True, exist_ok=True)
    with pipelines.running(otelcol, folder) as pipeline, Ways(pipeline) as ways:
        innocent = Innocent(ways.by_name["agent gRPC"])
        guards = [Guard(each, lambda: _harmed(innocent)) for each in (pipeline.agent, pipeline.gateway, pipeline.store)]

        def check() -> None:
            for guard in guards:
                guard()

        with innocent:
            wait_until(lambda: innocent.exports > 0, "the first export of the innocent")
            yield Target(kinds(pipeline), check, lambda: innocent.exports, lambda: max(guard.most for guard in guards))
        check()
        try:
            wait_until(lambda: not innocent.wrong(pipeline), "that the store has the innocent's samples")
        except TimeoutError:
            raise BrokenError(innocent.wrong(pipeline)) from None


def _harmed(innocent: Innocent) -> str:
    return f"the innocent was refused: {dict(innocent.refused)}" if innocent.refused else ""
