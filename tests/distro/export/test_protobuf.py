"""What is read of a message is what was written, and what is no message is an error."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceResponse,
)

from reduse.distro.export.protobuf import fields, number, varint


@given(st.integers(0, 2**64 - 1))
def test_a_number_is_read_as_it_was_written(value: int) -> None:
    assert list(fields(number(3, value))) == [(3, value)]


@given(st.integers(0, 2**63 - 1), st.text(st.characters(codec="utf-8")))
def test_messages_within_messages_are_bytes(rejected: int, reason: str) -> None:
    inner = ExportMetricsPartialSuccess(rejected_data_points=rejected, error_message=reason)
    response = ExportMetricsServiceResponse(partial_success=inner).SerializeToString()
    ((field, encoded),) = fields(response)
    assert field == 1
    assert isinstance(encoded, bytes)
    assert dict(fields(encoded)) == {key: value for key, value in ((1, rejected), (2, reason.encode())) if value}


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(encoded: bytes) -> None:
    with contextlib.suppress(ValueError):
        list(fields(encoded))


@pytest.mark.parametrize("encoded", [b"\x0a", b"\x0a\x02a", b"\x08", b"\x08\x80", b"\x09\x00", b"\x0b\x00"])
def test_what_ends_too_soon_is_refused(encoded: bytes) -> None:
    with pytest.raises(ValueError, match=r"no end|beyond"):
        list(fields(encoded))


def test_a_varint_is_as_long_as_it_must_be() -> None:
    assert [len(varint(value)) for value in (0, 127, 128, 16_383, 16_384, 2**64 - 1)] == [1, 1, 2, 2, 3, 10]
