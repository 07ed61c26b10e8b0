"""A service with OpenTelemetry of its own, as a company that had it before; `/own` says what its own export has got."""

import os
from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from opentelemetry import metrics, trace
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

# A library makes its instruments when it is imported, which is before the application sets anything.
early = metrics.get_meter("library").create_counter("library.calls")
traced = trace.get_tracer("library")


def stock(_options: CallbackOptions) -> Iterable[Observation]:
    yield Observation(7, {"shelf": "a"})


observed = metrics.get_meter("library").create_observable_gauge("library.stock", callbacks=[stock])


def leftover() -> Any:
    yield
    while True:
        yield [Observation(5)]


generated = metrics.get_meter("library").create_observable_counter("library.left", callbacks=[leftover()])
early.add(2)

resource = Resource({"service.name": "own"})
reader = InMemoryMetricReader()
views = [View(instrument_name="orders", aggregation=ExplicitBucketHistogramAggregation((1.0, 2.0)))]
spans = InMemorySpanExporter()

if os.environ.get("TEST_OWN", "1") == "1":
    metrics.set_meter_provider(MeterProvider([reader], resource=resource, views=views))
    tracing = TracerProvider(resource=resource)
    tracing.add_span_processor(SimpleSpanProcessor(spans))
    trace.set_tracer_provider(tracing)

orders = metrics.get_meter("shop").create_histogram("orders")
app = FastAPI()


@app.get("/orders")
def order() -> str:
    early.add(1, {"by": "order"})
    orders.record(1.5)
    with traced.start_as_current_span("order"):
        return "ordered"


@app.get("/own")
def own() -> dict[str, Any]:
    """Metrics by scope and name with their points, spans by name, and what the global providers are."""
    data = reader.get_metrics_data() if os.environ.get("TEST_OWN", "1") == "1" else None
    found = sorted(
        (scope.scope.name, metric.name, [_point(point) for point in metric.data.data_points])
        for resource_metrics in (data.resource_metrics if data else ())
        for scope in resource_metrics.scope_metrics
        for metric in scope.metrics
        if not scope.scope.name.startswith("opentelemetry")
    )
    return {
        "metrics": [entry for entry in found if "duration" not in entry[1]],
        "spans": sorted(span.name for span in spans.get_finished_spans()),
        "providers": [type(metrics.get_meter_provider()).__name__, type(trace.get_tracer_provider()).__name__],
    }


@app.get("/end")
def end() -> str:
    """The application's own providers end; the service goes on."""
    getattr(metrics.get_meter_provider(), "shutdown", lambda: None)()
    getattr(trace.get_tracer_provider(), "shutdown", lambda: None)()
    return "ended"


def _point(point: Any) -> dict[str, Any]:
    return {
        "attributes": dict(point.attributes),
        "value": getattr(point, "value", None),
        "buckets": list(getattr(point, "bucket_counts", ())),
    }
