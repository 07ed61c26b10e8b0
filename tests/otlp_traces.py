"""A real OTLP/HTTP receiver of spans inside the test."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from types import TracebackType
from typing import Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.otlp_http import OtlpHttpServer, Posted, Reply
from tests.waiting import wait_until

_KIND_PREFIX = "SPAN_KIND_"


@dataclass(frozen=True)
class ReceivedSpan:
    """One span as it came over the wire; the ids in hex, `kind` as SERVER, PRODUCER and so on."""

    scope: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str


@dataclass
class TraceReceiver:
    """Listens on 127.0.0.1 while it is entered."""

    port: int = 0
    _spans: list[ReceivedSpan] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def __enter__(self) -> Self:
        self._server = OtlpHttpServer(self.port, self._take)
        self.port = self._server.port
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    @property
    def endpoint(self) -> str:
        """For OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, which is taken as it is."""
        return f"http://127.0.0.1:{self.port}/v1/traces"

    def _take(self, posted: Posted) -> Reply:
        received = [
            _received(scope_spans.scope.name, span)
            for resource_spans in ExportTraceServiceRequest.FromString(posted.body).resource_spans
            for scope_spans in resource_spans.scope_spans
            for span in scope_spans.spans
        ]
        with self._lock:
            self._spans.extend(received)
        return Reply()

    def spans(self, kind: str | None = None) -> list[ReceivedSpan]:
        """The spans of one kind, or all, in the order of arrival."""
        with self._lock:
            return [span for span in self._spans if kind in (None, span.kind)]

    def wait_for(self, condition: Callable[[Self], bool]) -> None:
        """Return when the condition holds; TimeoutError when it does not within 20 s."""
        wait_until(lambda: condition(self), "the spans that were awaited")


def _received(scope: str, span: Span) -> ReceivedSpan:
    kind = Span.SpanKind.Name(span.kind).removeprefix(_KIND_PREFIX)
    return ReceivedSpan(scope, span.name, kind, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
