"""One odd value of an application's own instrument costs that value at most, and no other number of its service."""

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.sdk.version import __version__

from reduse.distro.base.clock import ExportTime
from reduse.distro.export.first_points import FirstPoints
from reduse.distro.export.sendable import sendable_attributes, sendable_number, sendable_text

SDK = tuple(map(int, __version__.split(".")[:2]))
# Older encoders leave out an attribute without a value.
NONE = st.none() if SDK >= (1, 43) else st.nothing()
ODD_TEXT = st.text(st.characters(exclude_categories=[]), max_size=5)
ODD_VALUE = st.recursive(
    st.one_of(ODD_TEXT, NONE, st.booleans(), st.integers(), st.floats(), st.binary(max_size=3)),
    lambda values: st.one_of(
        st.lists(values, max_size=3), st.lists(values, max_size=3).map(tuple), st.dictionaries(ODD_TEXT, values)
    ),
    max_leaves=5,
)
ODD_NUMBER = st.one_of(st.integers(), st.booleans(), st.floats(), st.fractions())


@given(st.dictionaries(ODD_TEXT, ODD_VALUE, max_size=4), ODD_NUMBER, ODD_TEXT)
def test_whatever_an_application_measures_can_be_encoded_with_all_its_attributes(
    attributes: dict[str, Any], number: Any, text: str
) -> None:
    points = [NumberDataPoint(attributes, 1, 2, number)]
    metrics = [
        Metric("a", text, "1", Sum(points, AggregationTemporality.CUMULATIVE, True)),
        Metric("b", text, "1", Gauge(points)),
    ]
    data = MetricsData([ResourceMetrics(Resource({}), [ScopeMetrics(InstrumentationScope("x"), metrics, "")], "")])
    encoded = encode_metrics(FirstPoints().begin(data, ExportTime(1, 1, 10, 20)))
    counter, gauge = encoded.resource_metrics[0].scope_metrics[0].metrics
    for point in (*counter.sum.data_points, *gauge.gauge.data_points):
        assert len(point.attributes) == len(attributes)
    assert encoded.SerializeToString()


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (True, 1),
        (2**63 - 1, 2**63 - 1),
        (2**63, 2.0**63),
        (-(2**63) - 1, -(2.0**63)),
        (10**400, float("inf")),
        (1.5, 1.5),
    ],
)
def test_a_number_that_does_not_fit_is_the_nearest_one_that_does(value: Any, sent: float) -> None:
    assert sendable_number(value) == sent
    assert type(sendable_number(value)) is type(sent)


def test_texts_without_an_encoding_stay_different() -> None:
    assert sendable_text("a\udc80") == "a\\udc80"
    assert sendable_text("a\udc81") == "a\\udc81"
    assert sendable_text("Größe") == "Größe"


def test_attributes_that_can_be_sent_are_the_same_object() -> None:
    attributes = {"a": "b", "n": 1, "list": ("x", 2.5), "none": None, "flag": True}
    assert sendable_attributes(attributes) is attributes


def test_nothing_is_said_at_every_export(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    points = [NumberDataPoint({"a": "\udc80"}, 1, 2, True)]
    data = Metric("a", "", "1", Sum(points, AggregationTemporality.CUMULATIVE, True))
    scopes = [ScopeMetrics(InstrumentationScope("x"), [data], "")]
    encode_metrics(
        FirstPoints().begin(MetricsData([ResourceMetrics(Resource({}), scopes, "")]), ExportTime(1, 1, 2, 3))
    )
    assert not caplog.records
