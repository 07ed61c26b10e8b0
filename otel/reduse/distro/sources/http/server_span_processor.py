"""Tells of each server span that starts. Imported where spans are made: it needs the SDK's part for them."""

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span, SpanProcessor
from opentelemetry.trace import SpanKind

from reduse.distro.sources.http.server_span import server_span_started


class ServerSpans(SpanProcessor):
    """Notes the server span of each measured request. Takes spans of any instrumentation; sends nothing."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the SDK's signature
        """A span that is recorded starts, in the context of its request."""
        if span.kind is SpanKind.SERVER:
            server_span_started(span.get_span_context())
