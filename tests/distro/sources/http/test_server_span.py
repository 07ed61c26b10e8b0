"""A duration names the server span of its request, whoever made the span and however the request ended."""

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import SpanContext, SpanKind

from reduse.distro.base.aggregation import Exemplar
from reduse.distro.base.semantic_conventions import DURATION_BOUNDS
from reduse.distro.sources.http.asgi import Receive, Scope, Send
from reduse.distro.sources.http.server_span import FASTAPI_TELEMETRY
from reduse.distro.sources.http.server_span_processor import ServerSpans
from tests.distro.sources.http.measured import Measured, http_scope, ignore, nothing

Serve = Callable[[Scope, Receive, Send], Awaitable[None]]


class Traced:
    """An application in a server span, with another span in that, under a meter that keeps exemplars."""

    def __init__(self, serve: Serve, sampler: Sampler = ALWAYS_ON, kind: SpanKind = SpanKind.SERVER) -> None:
        provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        provider.add_span_processor(ServerSpans())
        self.measured = Measured(tracing=True, exemplars=True)
        self.spans: list[SpanContext] = []
        self._serve = serve
        self._tracer = provider.get_tracer("test")
        self._kind = kind

    async def application(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._tracer.start_as_current_span("server", kind=self._kind) as span:
            self.spans.append(span.get_span_context())
            with self._tracer.start_as_current_span("inner", kind=SpanKind.INTERNAL):
                await self._serve(scope, receive, send)

    def call(self, **changes: Any) -> list[Exemplar]:
        async def main() -> None:
            await self.measured.meter.measure(self.application, http_scope(**changes), nothing, ignore)

        asyncio.run(main())
        return self.exemplars()

    def exemplars(self) -> list[Exemplar]:
        state = self.measured.http.collect(1, 2)
        assert state is not None
        return [exemplar for series in state.durations for exemplar in series.exemplars]


async def answers(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body"})


def test_an_exemplar_has_the_ids_of_the_server_span_and_the_duration() -> None:
    traced = Traced(answers)
    (exemplar,) = traced.call()
    (span,) = traced.spans
    assert (exemplar.trace_id, exemplar.span_id) == (span.trace_id, span.span_id)
    assert exemplar.value > 0
    assert exemplar.time > 0


def test_a_request_that_raises_before_a_response_has_one_too() -> None:
    async def fails(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise LookupError

    traced = Traced(fails)
    with pytest.raises(LookupError):
        traced.call()
    assert [exemplar.span_id for exemplar in traced.exemplars()] == [traced.spans[0].span_id]


def test_a_span_that_is_not_sampled_is_not_named() -> None:
    assert Traced(answers, ALWAYS_OFF).call() == []


def test_only_a_server_span_is_named() -> None:
    assert Traced(answers, kind=SpanKind.INTERNAL).call() == []


def test_exemplars_go_out_once_and_the_latest_of_a_bucket_is_kept() -> None:
    traced = Traced(answers)

    async def three() -> None:
        for _ in range(3):
            await traced.measured.meter.measure(traced.application, http_scope(), nothing, ignore)

    asyncio.run(three())
    exemplars = traced.exemplars()
    assert max(exemplars, key=lambda exemplar: exemplar.time).span_id == traced.spans[-1].span_id
    # On a busy machine they may be in several.
    buckets = [bisect_left(DURATION_BOUNDS, exemplar.value) for exemplar in exemplars]
    assert len(set(buckets)) == len(buckets)
    assert traced.exemplars() == []


def test_a_request_made_inside_another_does_not_take_its_span() -> None:
    inner = Traced(answers)

    async def asks_another(scope: Scope, receive: Receive, send: Send) -> None:
        await inner.measured.meter.measure(inner.application, http_scope(), nothing, ignore)
        await answers(scope, receive, send)

    outer = Traced(asks_another)
    (exemplar,) = outer.call()
    assert exemplar.span_id == outer.spans[0].span_id
    assert [each.span_id for each in inner.exemplars()] == [inner.spans[0].span_id]


def test_a_request_has_one_server_span() -> None:
    """FastAPI's own telemetry may make it while no other has; then it is taken for done."""
    seen: list[bool] = []

    async def looks(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(FASTAPI_TELEMETRY in scope)
        await answers(scope, receive, send)

    Traced(looks).call()
    Traced(looks, kind=SpanKind.INTERNAL).call()
    assert seen == [True, False]


def test_without_tracing_fastapis_own_telemetry_is_left_to_the_application() -> None:
    """It may have providers of its own; FastAPI itself knows that there is none else."""

    async def looks(scope: Scope, receive: Receive, send: Send) -> None:
        assert FASTAPI_TELEMETRY not in scope
        await answers(scope, receive, send)

    measured = Measured()
    asyncio.run(measured.meter.measure(looks, http_scope(), nothing, ignore))
