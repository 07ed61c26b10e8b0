"""The configurations, run by the real collector."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    AGGREGATION_TEMPORALITY_DELTA,
    AggregationTemporality,
    Histogram,
    HistogramDataPoint,
    Metric,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.metrics.export import MetricExportResult

from reduse.distro.export.exporter import ReduseMetricExporter
from reduse.distro.export.transport import exporter_factory
from reduse.distro.lifecycle.telemetry import Telemetry
from tests.collector.configuration import AGENT, AGENT_DOCKER, COMPANY, GATEWAY
from tests.collector.running import Agent, environment
from tests.distro.doubles import SERIES, Request, http_of, no_sdk_data, settings
from tests.failing_disk import FAILS, READ_ONLY, failing_disk, strace
from tests.otlp_receiver import GRPC, OtlpReceiver
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.server

RED = "http.server.request.duration"
USERS = "reduse.user.request.duration"
EXPORTS = 30
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


@pytest.fixture
def agent(otelcol: Path, tmp_path: Path, variables: dict[str, str]) -> Iterator[Agent]:
    agent = Agent(otelcol, tmp_path, variables)
    yield agent
    agent.kill()


@pytest.fixture
def gateway(variables: dict[str, str]) -> Iterator[OtlpReceiver]:
    """Stands in for the gateway; not started."""
    yield from receiver_at(variables["REDUSE_GATEWAY_ENDPOINT"])


@pytest.fixture
def processor(variables: dict[str, str]) -> Iterator[OtlpReceiver]:
    """Stands in for the processor; not started."""
    yield from receiver_at(variables["REDUSE_PROCESSOR_ENDPOINT"])


def receiver_at(endpoint: str) -> Iterator[OtlpReceiver]:
    receiver = OtlpReceiver(protocol=GRPC, port=int(endpoint.rsplit(":", 1)[1]))
    yield receiver
    receiver.stop()


@pytest.mark.parametrize(
    "files",
    [(AGENT,), (AGENT, COMPANY), (AGENT, AGENT_DOCKER), (AGENT, AGENT_DOCKER, COMPANY), (GATEWAY,)],
    ids=lambda files: "+".join(f"{file.parent.name}-{file.stem}" for file in files),
)
def test_the_collector_takes_the_configuration(
    otelcol: Path, variables: dict[str, str], files: tuple[Path, ...]
) -> None:
    arguments = [argument for file in files for argument in ("--config", str(file))]
    result = subprocess.run(
        [otelcol, "validate", *arguments], env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr


def export(number: int) -> ExportMetricsServiceRequest:
    """The export of second `number`: RED has counted that many requests so far, a user has sent one since the last."""

    def metric(name: str, temporality: AggregationTemporality.ValueType, first: int, count: int) -> Metric:
        point = HistogramDataPoint(
            start_time_unix_nano=START + first * SECOND,
            time_unix_nano=START + number * SECOND,
            count=count,
            sum=float(count),
            bucket_counts=[count],
        )
        return Metric(
            name=name, unit="s", histogram=Histogram(data_points=[point], aggregation_temporality=temporality)
        )

    metrics = [
        metric(RED, AGGREGATION_TEMPORALITY_CUMULATIVE, 0, number),
        metric(USERS, AGGREGATION_TEMPORALITY_DELTA, number - 1, 1),
    ]
    resource_metrics = ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=metrics)])
    for key, value in (("service.name", "mes-api"), ("service.instance.id", "one")):
        resource_metrics.resource.attributes.add(key=key).value.string_value = value
    return ExportMetricsServiceRequest(resource_metrics=[resource_metrics])


def send(agent: Agent, numbers: range) -> None:
    with grpc.insecure_channel(agent.endpoint) as channel:
        for number in numbers:
            MetricsServiceStub(channel).Export(export(number), timeout=PATIENCE_SECONDS)  # type: ignore[no-untyped-call]


def test_users_go_to_the_processor_only_and_all_else_to_the_gateway_only(
    agent: Agent, gateway: OtlpReceiver, processor: OtlpReceiver
) -> None:
    gateway.start()
    processor.start()
    agent.start()
    send(agent, range(1, 4))
    gateway.wait_for(lambda it: len(it.named(RED)) == 3)
    processor.wait_for(lambda it: len(it.named(USERS)) == 3)
    assert gateway.named(USERS) == []
    assert {point.name for point in processor.points} == {USERS}


def test_an_outage_of_the_processor_does_not_hold_up_the_gateway(agent: Agent, gateway: OtlpReceiver) -> None:
    gateway.start()
    agent.start()
    send(agent, range(1, 4))
    gateway.wait_for(lambda it: len(it.named(RED)) == 3)


def test_a_full_queue_of_users_refuses_users_and_takes_the_rest(
    otelcol: Path,
    tmp_path: Path,
    variables: dict[str, str],
    gateway: OtlpReceiver,
    processor: OtlpReceiver,
) -> None:
    """The processor is away and its queue has room for few exports: RED goes on, and all users are there in the end."""
    agent = Agent(otelcol, tmp_path, {**variables, "REDUSE_QUEUE_BYTES": str(4 * 2**20)})
    sending = {
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{agent.http_endpoint}",
        "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "1",
    }
    telemetry = Telemetry(settings(user_limit=200_000))
    exporter = ReduseMetricExporter(exporter_factory(sending), telemetry, "user.hash")
    gateway.start()
    try:
        agent.start()
        http_of(telemetry).open()
        results = []
        for _ in range(6):
            for user in range(20_000):
                http_of(telemetry).aggregation.end(Request(), SERIES, 0.1, f"{user:016x}")
            results.append(exporter.export(no_sdk_data("mes-api")))
        assert MetricExportResult.FAILURE in results

        def all_counted() -> bool:
            # A call that took longer than a second is made again with the next export, with the totals of then.
            exporter.export(no_sdk_data("mes-api"))
            return gateway.total(RED) == 120_000

        wait_until(all_counted, "all requests in the totals")
        assert telemetry.backlog.requests > 0
        processor.start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while telemetry.backlog.requests and time.monotonic() < deadline:
            exporter.export(no_sdk_data("mes-api"))
        processor.wait_for(lambda it: it.user_counts().total() == 120_000)
        assert set(processor.user_counts().values()) == {0, 6}
    finally:
        exporter.shutdown()
        agent.kill()


def test_what_the_agent_took_survives_its_death_and_an_outage_behind_it(
    agent: Agent, gateway: OtlpReceiver, processor: OtlpReceiver
) -> None:
    """kill -9 while nothing behind it is there, twice; all arrives once they are."""
    agent.start()
    for first in range(1, EXPORTS, EXPORTS // 3):
        send(agent, range(first, first + EXPORTS // 3))
        agent.kill()
        agent.start()
    gateway.start()
    processor.start()
    gateway.wait_for(lambda it: {point.value for point in it.named(RED)} == set(range(1, EXPORTS + 1)))
    processor.wait_for(lambda it: it.user_counts() == {"-": EXPORTS})


def test_what_is_new_does_not_wait_behind_what_was_kept(
    agent: Agent, gateway: OtlpReceiver, processor: OtlpReceiver
) -> None:
    """The gateway is back and does not come to the end of the backlog: what services send now arrives all the same."""
    agent.start()
    send(agent, range(1, 11))
    gateway.refuse_before = START + 11 * SECOND
    gateway.start()
    processor.start()
    # While the gateway is taken to be away, what comes is kept as well.
    arrived = 10
    while not gateway.named(RED):
        arrived += 1
        send(agent, range(arrived, arrived + 1))
    first = arrived
    send(agent, range(first + 1, first + 6))
    assert {point.value for point in gateway.named(RED)} >= set(range(first + 1, first + 6)), (
        "before it is acknowledged"
    )
    gateway.refuse_before = 0
    gateway.wait_for(lambda it: {point.value for point in it.named(RED)} == set(range(1, first + 6)))
    assert gateway.total(RED) == first + 5
    processor.wait_for(lambda it: it.user_counts() == {"-": first + 5})


@pytest.mark.parametrize("answer", [FAILS, READ_ONLY], ids=["fails", "read-only"])
def test_a_failing_disk_refuses_what_it_cannot_keep_and_loses_nothing_else(
    agent: Agent, gateway: OtlpReceiver, processor: OtlpReceiver, tmp_path: Path, answer: str
) -> None:
    """What was taken before is there afterwards, and the service sends again what was refused."""
    agent.start()
    send(agent, range(1, 6))
    queue = Path(agent.environment["REDUSE_QUEUE_DIR"])
    with failing_disk(agent.pid, queue, answer, log=tmp_path / "strace.log"):
        for number in range(6, 11):
            with pytest.raises(grpc.RpcError) as refused:
                send(agent, range(number, number + 1))
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
            assert str(queue) in (refused.value.details() or "")
    send(agent, range(6, EXPORTS + 1))
    gateway.start()
    processor.start()
    gateway.wait_for(lambda it: {point.value for point in it.named(RED)} == set(range(1, EXPORTS + 1)))
    processor.wait_for(lambda it: it.user_counts() == {"-": EXPORTS})


@pytest.mark.parametrize("calls", [("read", "pread64"), ("openat",), ("pwrite64", "ftruncate")], ids="+".join)
def test_an_agent_whose_queue_cannot_be_opened_ends_and_leaves_it_as_it_is(
    agent: Agent, gateway: OtlpReceiver, processor: OtlpReceiver, calls: tuple[str, ...]
) -> None:
    agent.start()
    send(agent, range(1, EXPORTS + 1))
    agent.kill()
    queue = Path(agent.environment["REDUSE_QUEUE_DIR"])
    command, failing = agent.command, strace(queue, FAILS, calls=calls)
    agent.command = [*failing, *command]
    with pytest.raises(RuntimeError, match="failed to start"):
        agent.start()
    agent.command = command
    agent.start()
    gateway.start()
    processor.start()
    gateway.wait_for(lambda it: {point.value for point in it.named(RED)} == set(range(1, EXPORTS + 1)))
    processor.wait_for(lambda it: it.user_counts() == {"-": EXPORTS})


def test_the_agent_ends_when_asked_to_while_databases_do_not_answer(agent: Agent) -> None:
    """Each scrape has an end: else the agent would wait for one until it is killed."""
    with ExitStack() as sockets:
        silent = sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
        silent.settimeout(PATIENCE_SECONDS)
        agent.environment["SHOP_DB_ENDPOINT"] = agent.environment["MES_DB_ENDPOINT"] = (
            f"127.0.0.1:{silent.getsockname()[1]}"
        )
        agent.start()
        # Of the second scrape: for a moment after its start the collector is ready, but ends by a signal at once.
        for _ in range(4):
            sockets.enter_context(silent.accept()[0])
        assert agent.stop() == 0


class Management(BaseHTTPRequestHandler):
    """Just enough of RabbitMQ's management API for the receiver."""

    def do_GET(self) -> None:
        node = "rabbit@one"
        queues = ", ".join(
            f'{{"name": "{name}", "vhost": "/", "node": "{node}", "messages_ready": {ready},'
            f' "messages_unacknowledged": 2, "consumers": 1}}'
            for name, ready in (("mes.orders", 3), ("dead-letters", 7))
        )
        answers = {
            "/api/overview": "{}",
            "/api/queues": f'{{"items": [{queues}], "page_count": 1}}',
            "/api/nodes": f'[{{"name": "{node}", "mem_used": 5}}]',
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answers.get(self.path.partition("?")[0], "[]").encode())

    def log_message(self, *arguments: object) -> None:
        pass


def test_every_queue_and_node_of_the_broker_has_its_own_points(agent: Agent, gateway: OtlpReceiver) -> None:
    """Two queues whose points had equal attributes would be one series, with the number of either."""
    management = ThreadingHTTPServer(("127.0.0.1", 0), Management)
    address = f"127.0.0.1:{management.server_port}"
    agent.environment["BROKER_MANAGEMENT_URL"] = f"http://{address}"
    Thread(target=management.serve_forever, daemon=True).start()
    try:
        gateway.start()
        agent.start()
        gateway.wait_for(lambda it: len(it.named("rabbitmq.message.current")) >= 4)
        messages = gateway.latest("rabbitmq.message.current")
        memory = gateway.latest("rabbitmq.node.mem_used")
    finally:
        management.shutdown()
        management.server_close()
    assert {(point.service, point.instance) for point in messages + memory} == {("rabbitmq", address)}
    assert {
        (point.attributes["rabbitmq.queue.name"], point.attributes["state"]): point.value for point in messages
    } == {
        ("mes.orders", "ready"): 3,
        ("mes.orders", "unacknowledged"): 2,
        ("dead-letters", "ready"): 7,
        ("dead-letters", "unacknowledged"): 2,
    }
    assert [(point.attributes, point.value) for point in memory] == [({"rabbitmq.node.name": "rabbit@one"}, 5)]
