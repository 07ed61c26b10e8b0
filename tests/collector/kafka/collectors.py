"""Agent and gateway as they are started on Kafka, and exports as services send them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA

from reduse.stack import security
from tests.collector import otlp
from tests.collector.configuration import FOLDER
from tests.kafka import Broker, Record
from tests.ports import free_port
from tests.server import Server
from tests.waiting import PATIENCE_SECONDS

BEGIN = 1_790_000_000 * otlp.SECOND
SHARD = "x-reduse-shard"


def collector(name: str, otelcol: Path, folder: Path, broker: Broker, **variables: str) -> Server:
    """The agent or the gateway; its port is that of OTLP over gRPC, and its log is `NAME.log`."""
    settings = broker.settings
    own = security.kafka_environment(name, settings, settings.secrets_dir)
    command = [
        str(otelcol),
        *(f"--config={FOLDER / file}" for file in security.collector_files(name, settings)),
        "--set=receivers.otlp.protocols.grpc.endpoint=127.0.0.1:{port}",
    ]
    return Server(command, own | dict(variables), folder / f"{name}.log")


def agent_environment(folder: Path, broker: Broker) -> dict[str, str]:
    """Of an agent without a company of its own."""
    return security.kafka_environment("agent", broker.settings, broker.settings.secrets_dir) | {
        "REDUSE_QUEUE_DIR": str(folder / "queue"),
        "REDUSE_AGENT_HTTP_ENDPOINT": f"127.0.0.1:{free_port()}",
        "REDUSE_AGENT_HEALTH_ENDPOINT": f"127.0.0.1:{free_port()}",
        "REDUSE_AGENT_METRICS_PORT": str(free_port()),
        # Nobody is there: what goes to the gateway waits in its own queue.
        "REDUSE_GATEWAY_ENDPOINT": f"127.0.0.1:{free_port()}",
    }


def agent(otelcol: Path, folder: Path, broker: Broker, **variables: str) -> Server:
    own = agent_environment(folder, broker)
    return collector("agent", otelcol, folder, broker, **(own | dict(variables)))


def gateway(otelcol: Path, folder: Path, broker: Broker, store: str, **variables: str) -> Server:
    """The gateway before the store at this URL."""
    own = {
        "REDUSE_PROMETHEUS_URL": store,
        # A test's outage is nobody's incident.
        "REDUSE_ALERTMANAGER_URL": "",
        "REDUSE_GATEWAY_HEALTH_ENDPOINT": f"127.0.0.1:{free_port()}",
        "REDUSE_GATEWAY_METRICS_PORT": str(free_port()),
    }
    return collector("gateway", otelcol, folder, broker, **(own | dict(variables)))


def users_of(service: str) -> bytes:
    """The body of an export with one user of a service, which is named after nothing else."""
    point = otlp.histogram(
        "reduse.user.request.duration",
        BEGIN,
        BEGIN + otlp.SECOND,
        [1],
        temporality=AGGREGATION_TEMPORALITY_DELTA,
        given={"user.hash": "0123456789abcdef"},
    )
    return otlp.export(otlp.resource(service, point))


def send(port: int, exports: Mapping[str, str], credentials: grpc.ChannelCredentials | None = None) -> None:
    """Send an export of each service with its shard, which is empty for none, one after another."""
    send_bodies(port, {users_of(service): shard for service, shard in exports.items()}, credentials)


def send_bodies(port: int, exports: Mapping[bytes, str], credentials: grpc.ChannelCredentials | None = None) -> None:
    """The same with bodies of exports."""
    address = f"127.0.0.1:{port}"
    channel = grpc.secure_channel(address, credentials) if credentials else grpc.insecure_channel(address)
    with channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
        )
        for body, shard in exports.items():
            call(body, timeout=PATIENCE_SECONDS, metadata=((SHARD, shard),) if shard else ())


def services_of(record: Record) -> set[str]:
    """The services whose exports are in a record."""
    return {
        attribute.value.string_value
        for resource in ExportMetricsServiceRequest.FromString(record.value).resource_metrics
        for attribute in resource.resource.attributes
        if attribute.key == "service.name"
    }


def shards(records: Iterable[Record], among: Collection[str]) -> dict[str, set[str]]:
    """Under which key each of these services came; empty for none."""
    found = defaultdict[str, set[str]](set)
    for record in records:
        for service in services_of(record) & set(among):
            found[service].add((record.key or b"").decode())
    return dict(found)
