"""Metrics of a service that is not there, sent to the agent for as long as a fault needs them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_CUMULATIVE

from reduse.operation.access import AUTHORITY
from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack.drill.threads import meanwhile

_EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
_TIMEOUT_SECONDS = 5
_INTERVAL_SECONDS = 1.0


def odd(service: str, begun: int, now: int) -> ExportMetricsServiceRequest:
    """Two histograms that no store of ours can take: an exponential one, and one whose counts do not add up.

    Args:
        service: the name of who sends it.
        begun: the start of both, Unix ns.
        now: their time, Unix ns.
    """
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    for key, value in (("service.name", service), ("service.instance.id", "drill")):
        resource.resource.attributes.add(key=key).value.string_value = value
    scope = resource.scope_metrics.add()

    exponential = scope.metrics.add(name="drill.exponential", unit="s").exponential_histogram
    exponential.aggregation_temporality = AGGREGATION_TEMPORALITY_CUMULATIVE
    point = exponential.data_points.add(
        start_time_unix_nano=begun, time_unix_nano=now, count=6, sum=7.0, scale=3, zero_count=0
    )
    point.positive.bucket_counts.extend((1, 2, 3))

    malformed = scope.metrics.add(name="drill.malformed", unit="s").histogram
    malformed.aggregation_temporality = AGGREGATION_TEMPORALITY_CUMULATIVE
    malformed.data_points.add(
        start_time_unix_nano=begun,
        time_unix_nano=now,
        count=100,
        sum=1.0,
        explicit_bounds=(1.0, 2.0),
        bucket_counts=(1, 1, 1),
    )
    return request


@contextmanager
def exports(settings: Settings, service: str) -> Iterator[None]:
    """Export odd metrics of that service each second until the block ends."""
    begun = time.time_ns()

    def send(ending: threading.Event) -> None:
        with _channel(settings) as channel:
            export: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_EXPORT)
            while not ending.wait(_INTERVAL_SECONDS):
                try:
                    body = odd(service, begun, time.time_ns()).SerializeToString()
                    export(body, timeout=_TIMEOUT_SECONDS, metadata=_metadata(settings))
                except grpc.RpcError:
                    # What becomes of it is what the gateway counts.
                    continue

    with meanwhile(send):
        yield


def _channel(settings: Settings) -> grpc.Channel:
    address = f"127.0.0.1:{settings.agent_port}"
    if not settings.security:
        return grpc.insecure_channel(address)
    authority = (settings.certificates_dir / AUTHORITY).read_bytes()
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(authority))


def _metadata(settings: Settings) -> tuple[tuple[str, str], ...]:
    if not settings.security:
        return ()
    return (("authorization", f"Bearer {secret_files.read(settings.secrets_dir, 'agent_token')}"),)
