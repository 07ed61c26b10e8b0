"""Services that export at intervals of their own, before the real gateway, processor and Prometheus.

Each has the same load, evenly: five requests a second, of which one user sends 1.6 and another one 0.4.
Each group of rules begins with a rule of the test, which records how old the newest sample is that the group can see.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1 import metrics_pb2 as otlp

from benchmarks.processor.export_client import ExportClient
from reduse.store.client import StoreClient
from reduse.yaml_text import read_yaml, write_yaml
from tests.collector import servers
from tests.collector.configuration import PROMETHEUS, read
from tests.ports import free_port
from tests.server import Server

RATE = 5.0
USERS: Mapping[str, float] = {"00000000000000aa": 1.6, "00000000000000bb": 0.4}
CPU = 0.25
"""Seconds of CPU in a second."""
JITTER = 0.02
"""Seconds by which each other export is late, the first one as well, and the ones between are early."""

_SECOND = 1_000_000_000
_CUMULATIVE = otlp.AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
_DELTA = otlp.AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
RULES = PROMETHEUS.parent / "rules"
CPU_SECONDS = "process_cpu_time_seconds_total"
"""Each service exports it, together with its requests."""
SAMPLE_AGE = "test:newest_sample:age_seconds"
"""Of each job, with the label `seen_by`: the group of rules that saw it."""


@dataclass
class ExportingService:
    """One process that exports each `interval` seconds, from `start` on (Unix seconds)."""

    name: str
    interval: float
    start: float = field(default_factory=time.time)
    exports: list[float] = field(default_factory=list)

    def run(self, gateway: ExportClient, processor: ExportClient, end: threading.Event) -> None:
        """Export until `end` is set."""
        before = self.start
        while True:
            number = len(self.exports) + 1
            at = self.start + self.interval * number + JITTER * (-1) ** (number + 1)
            if end.wait(max(0.0, at - time.time())):
                return
            gateway.export(self._totals(at))
            processor.export(self._users(before, at))
            # When it was taken, which a busy machine makes later than it was planned.
            self.exports.append(time.time())
            before = at

    def _resource(self, *metrics: otlp.Metric) -> bytes:
        made = otlp.ResourceMetrics(scope_metrics=[otlp.ScopeMetrics(metrics=metrics)])
        for key, value in self._attributes().items():
            made.resource.attributes.add(key=key).value.string_value = value
        return ExportMetricsServiceRequest(resource_metrics=[made]).SerializeToString()

    def _attributes(self) -> dict[str, str]:
        return {"service.name": self.name, "service.instance.id": "one", "telemetry.sdk.name": "opentelemetry"}

    def _totals(self, at: float) -> bytes:
        """RED and CPU since the start."""
        requests = _histogram(self.start, at, round(RATE * (at - self.start)), (0.1, 1.0), {"http.route": "/x"})
        requests.attributes.add(key="http.response.status_code").value.int_value = 200
        cpu = otlp.NumberDataPoint(
            start_time_unix_nano=_nanoseconds(self.start),
            time_unix_nano=_nanoseconds(at),
            as_double=CPU * (at - self.start),
        )
        return self._resource(
            otlp.Metric(
                name="http.server.request.duration",
                unit="s",
                histogram=otlp.Histogram(aggregation_temporality=_CUMULATIVE, data_points=[requests]),
            ),
            otlp.Metric(
                name="process.cpu.time",
                unit="s",
                sum=otlp.Sum(aggregation_temporality=_CUMULATIVE, is_monotonic=True, data_points=[cpu]),
            ),
        )

    def _users(self, before: float, at: float) -> bytes:
        """What each user has sent since the export before, and with it what nobody known has sent."""

        def sent(rate: float) -> int:
            return round(rate * (at - self.start)) - round(rate * (before - self.start))

        counts = {user: sent(rate) for user, rate in USERS.items()}
        points = [_histogram(before, at, count, (), {"user.hash": user}) for user, count in counts.items()]
        points.append(_histogram(before, at, sent(RATE) - sum(counts.values()), (), {}))
        histogram = otlp.Histogram(aggregation_temporality=_DELTA, data_points=points)
        return self._resource(otlp.Metric(name="reduse.user.request.duration", unit="s", histogram=histogram))


def _histogram(
    start: float, at: float, count: int, bounds: tuple[float, ...], attributes: Mapping[str, str]
) -> otlp.HistogramDataPoint:
    """All requests take a tenth of a second or less."""
    point = otlp.HistogramDataPoint(
        start_time_unix_nano=_nanoseconds(start),
        time_unix_nano=_nanoseconds(at),
        count=count,
        sum=0.05 * count,
        explicit_bounds=bounds,
        bucket_counts=(count, *(0 for _ in bounds)),
    )
    for key, value in attributes.items():
        point.attributes.add(key=key).value.string_value = value
    return point


def _nanoseconds(seconds: float) -> int:
    return round(seconds * _SECOND)


class Processor(Server):
    """The processor, with its state below `folder`; its port is that of OTLP/gRPC."""

    def __init__(self, folder: Path, gateway_port: int) -> None:
        super().__init__(["python", "-m", "reduse.processor"], {}, folder / "processor.log")
        self.environment |= {
            "REDUSE_PROCESSOR_ENDPOINT": f"127.0.0.1:{self.port}",
            "REDUSE_PROCESSOR_HTTP_ENDPOINT": "",
            "REDUSE_PROCESSOR_METRICS_PORT": str(free_port()),
            "REDUSE_PROCESSOR_GATEWAY": f"http://127.0.0.1:{gateway_port}",
            "REDUSE_PROCESSOR_STATE_DIR": str(folder / "state"),
        }


def _rules_with_sample_ages(name: str, folder: Path) -> str:
    """The path of a copy of the shipped rules, in which each group first records the age of the newest sample."""
    rules = read_yaml((RULES / f"{name}.yaml").read_text(encoding="utf-8"))
    for group in rules["groups"]:
        age = f"time() - max by (job) (timestamp({CPU_SECONDS}))"
        labels = {"seen_by": f"{name}/{group['name']}"}
        group["rules"].insert(0, {"record": SAMPLE_AGE, "expr": age, "labels": labels})
    path = folder / f"{name}.yaml"
    path.write_text(write_yaml(rules), encoding="utf-8")
    return str(path)


@contextmanager
def watched(services: Sequence[ExportingService], otelcol: Path, folder: Path) -> Iterator[StoreClient]:
    """Real gateway, processor and Prometheus with the shipped rules, while the services export."""
    configuration = {
        "global": {"evaluation_interval": "5s"},
        "storage": read(PROMETHEUS)["storage"],
        "rule_files": [_rules_with_sample_ages(name, folder) for name in ("red", "users", "use", "rows")],
    }
    with ExitStack() as stack:
        prometheus = stack.enter_context(servers.prometheus(folder, configuration))
        gateway = stack.enter_context(servers.gateway(otelcol, folder, prometheus.url))
        processor = stack.enter_context(Processor(folder, gateway.port))
        to_gateway = stack.enter_context(ExportClient(gateway.port))
        to_processor = stack.enter_context(ExportClient(processor.port))
        asked = stack.enter_context(StoreClient(prometheus.url))
        end = threading.Event()
        threads = [threading.Thread(target=each.run, args=(to_gateway, to_processor, end)) for each in services]
        for each, thread in zip(services, threads, strict=True):
            each.start = time.time()
            thread.start()
            stack.callback(thread.join)
        stack.callback(end.set)
        yield asked
