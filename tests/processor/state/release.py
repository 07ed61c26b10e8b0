"""A state as a release leaves it behind when it is killed, and how any release goes on from it.

`python -m tests.processor.state.release FORMAT` writes the fixture of the version that it is run with: a state, and
what that version itself sends when it goes on. It is written once for each format, before the format is changed.
"""

import json
import shutil
import sys
import tarfile
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint, NumberDataPoint
from opentelemetry.sdk.metrics import MeterProvider

from reduse.processor.core.columns import Export
from reduse.processor.core.engine import Engine
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.instruments import Instruments
from reduse.processor.pipeline.committer import Committer
from reduse.processor.state.restore import restore
from reduse.processor.state.store import FILE
from tests.processor.builders import EPOCH, export
from tests.waiting import wait_until

FIXTURES = Path(__file__).parent / "fixtures"
STATE, SENT = "state", "sent.json"

# Of each sample: metric, attributes, time, and the rest of the point as it is encoded.
Sent = list[list[object]]


class _Life:
    """One process that has the state, from its start to its end; its clock goes with what it is given."""

    def __init__(self, folder: Path, second: float) -> None:
        self._now = _at(second)
        restored = restore(folder, 10_000_000, lambda: Engine(BUILT_IN), self._now)
        assert not restored.damaged
        self._store = restored.store
        self._provider = MeterProvider()
        self._committer = Committer(
            restored.store, restored.shard, Instruments(self._provider), interval=0.0, clock=lambda: self._now
        )
        self._committer.start()

    def take(self, *exports: Export) -> None:
        self._now = max(self._now, *(each.time for each in exports))
        self._committer.submit(list(exports)).result(10)

    def wait(self, second: float) -> None:
        """Until nothing is left to do at that time."""
        self._now = _at(second)
        shard = self._committer._shard
        wait_until(lambda: not shard.due(self._now) and not self._committer._pending.records, "all windows closed")

    def end(self) -> None:
        self._committer.stop()
        assert self._committer.failure is None
        self._store.close()
        self._provider.shutdown()


def _at(second: float) -> int:
    return EPOCH + round(second * NANOSECONDS)


def _second(second: float) -> tuple[Export, ...]:
    """What the services say of one second: instances whose exports lie across windows, and one that is exact."""
    users = {user: 1 + (user + int(second)) % 7 for user in range(1, 16)}
    return (
        export(second, second + 1, users, anonymous=3, overflow=1),
        export(second + 0.25, second + 1.25, {7: 12, 1000 + int(second): 2}, anonymous=1, instance="two"),
        export(second + 0.5, second + 1.5, {2: 4, 3: 5}, service="shop-api"),
    )


def leave_behind(folder: Path) -> None:
    """A state with a snapshot, a log after it, open windows and an outbox."""
    with TemporaryDirectory() as name:
        lived = Path(name) / STATE
        life = _Life(lived, 0)
        for second in range(8):
            life.take(*_second(second))
        life.take(*_second(5))
        life.end()
        life = _Life(lived, 9)
        for second in range(8, 12):
            life.take(*_second(second))
        life.take(export(3, 4, {500: 9}, instance="late"), export(12, 12.5, {1: 2}, service="crm-api"))
        # As kill -9 leaves it. The database first: what it says of the log stays true.
        folder.mkdir(parents=True)
        for path in sorted(lived.iterdir(), key=lambda path: not path.name.startswith(FILE)):
            shutil.copy(path, folder)
        life.end()


def go_on(folder: Path) -> Sent:
    """All that is sent from then on, and what still waited to be sent."""
    life = _Life(folder, 13)
    life.take(*_second(11))
    for second in range(12, 16):
        life.take(*_second(second))
    life.wait(40)
    rows = life._store._connection.execute("SELECT body FROM outbox ORDER BY sequence").fetchall()
    life.end()
    return sorted(sample for (body,) in rows for sample in _samples(zlib.decompress(body)))


def _samples(payload: bytes) -> Sent:
    found: Sent = []
    for resource_metrics in ExportMetricsServiceRequest.FromString(payload).resource_metrics:
        for metric in resource_metrics.scope_metrics[0].metrics:
            points: list[NumberDataPoint | HistogramDataPoint] = [*metric.gauge.data_points, *metric.sum.data_points]
            for point in [*points, *metric.histogram.data_points]:
                attributes = sorted([each.key, each.value.string_value] for each in point.attributes)
                time = point.time_unix_nano
                del point.attributes[:]
                found.append([metric.name, attributes, time, point.SerializeToString(deterministic=True).hex()])
    return found


def fixture(name: str) -> Path:
    return FIXTURES / f"{name}.tar.xz"


def main(name: str) -> None:
    """Write the fixture of the version at hand."""
    with TemporaryDirectory() as folder:
        state, copy = Path(folder) / STATE, Path(folder) / "copy"
        leave_behind(state)
        shutil.copytree(state, copy)
        (Path(folder) / SENT).write_text(json.dumps(go_on(copy)))
        FIXTURES.mkdir(exist_ok=True)
        with tarfile.open(fixture(name), "w:xz", preset=9) as archive:
            for part in (STATE, SENT):
                archive.add(Path(folder) / part, part)


if __name__ == "__main__":
    main(sys.argv[1])
