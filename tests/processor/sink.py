"""A small OTLP/gRPC receiver of metrics that remembers what it got and can be out of order for a while."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import NumberDataPoint

SERVICE = "opentelemetry.proto.collector.metrics.v1.MetricsService"


class Sink:
    def __init__(self, credentials: grpc.ServerCredentials | None = None) -> None:
        """`credentials`: with TLS."""
        self.requests: list[ExportMetricsServiceRequest] = []
        self.failing: grpc.StatusCode | None = None
        self._lock = threading.Lock()
        self._server = grpc.server(ThreadPoolExecutor(4))
        handler = grpc.unary_unary_rpc_method_handler(
            self._export,
            request_deserializer=ExportMetricsServiceRequest.FromString,
            response_serializer=ExportMetricsServiceResponse.SerializeToString,
        )
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Export": handler}),))
        address = "127.0.0.1:0"
        self.port = (
            self._server.add_insecure_port(address)
            if credentials is None
            else self._server.add_secure_port(address, credentials)
        )

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(0).wait()

    def _export(
        self, request: ExportMetricsServiceRequest, context: grpc.ServicerContext
    ) -> ExportMetricsServiceResponse:
        if self.failing is not None:
            context.abort(self.failing, "out of order")
        with self._lock:
            self.requests.append(request)
        return ExportMetricsServiceResponse()

    def samples(self, name: str) -> dict[tuple[tuple[str, str], ...], dict[int, NumberDataPoint]]:
        """Of the gauge or counter `name`: by attributes, points by time. A sample taken twice is the same sample."""
        found: dict[tuple[tuple[str, str], ...], dict[int, NumberDataPoint]] = {}
        with self._lock:
            requests = list(self.requests)
        for request in requests:
            for resource_metrics in request.resource_metrics:
                for metric in resource_metrics.scope_metrics[0].metrics:
                    if metric.name == name:
                        for point in (*metric.gauge.data_points, *metric.sum.data_points):
                            key = tuple((a.key, a.value.string_value) for a in point.attributes)
                            before = found.setdefault(key, {}).setdefault(point.time_unix_nano, point)
                            assert before == point, "the same time with another value"
        return found

    def last(self, name: str) -> dict[str, int]:
        """The newest whole value by the last attribute."""
        return {key[-1][1]: points[max(points)].as_int for key, points in self.samples(name).items()}
