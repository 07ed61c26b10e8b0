"""Our TracerProvider stands in as OpenTelemetry's global one, as `global_providers` has it of the others.

By itself, as the SDK's part for spans is imported with it: only where OTEL_TRACES_EXPORTER names an exporter.
"""

from collections.abc import Sequence
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.trace import ProxyTracer, ProxyTracerProvider, set_tracer_provider

from reduse.distro.base.internals.place import TRACES


def offer_tracer_provider(ours: SdkTracerProvider, processors: Sequence[SpanProcessor]) -> None:
    """Trace what is traced through the global API, until the application sets a provider of its own.

    That is then told our `processors`, so that spans still go where OTEL_TRACES_EXPORTER says, beside where it sends
    them itself; the processors are not ended or waited for by it.
    """

    def join(theirs: Any) -> None:
        add = getattr(theirs, "add_span_processor", None)
        if add is not None and theirs is not ours:
            for processor in processors:
                add(_Guest(processor))

    if not TRACES.stand_in(lambda _proxy: _OfferedTracerProvider(ours), on_set=join):
        set_tracer_provider(ours)


class _OfferedTracerProvider(ProxyTracerProvider):
    """Of no class that means that there is none: FastAPI makes spans of its own where somebody traces."""

    def __init__(self, ours: SdkTracerProvider) -> None:
        self._ours = ours

    def get_tracer(self, *args: Any, **kwargs: Any) -> Any:
        """A tracer of the provider that the application has set, else one that will become that."""
        if TRACES.provider is not None:
            return TRACES.provider.get_tracer(*args, **kwargs)
        tracer = ProxyTracer(*args, **kwargs)
        tracer._noop_tracer = self._ours.get_tracer(*args, **kwargs)  # type: ignore[assignment]  # noqa: SLF001
        return tracer

    def __getattr__(self, name: str) -> Any:
        # `add_span_processor` and what else applications ask the SDK's provider for.
        return getattr(self._ours, name)


class _Guest(SpanProcessor):
    """Our processor in a provider of the application's, which neither ends it nor waits for it."""

    def __init__(self, processor: SpanProcessor) -> None:
        self._processor = processor

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """A span starts."""
        self._processor.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """A span ends."""
        self._processor.on_end(span)
