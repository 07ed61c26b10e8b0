"""The built collector, before a Prometheus with the shipped rules."""

from tests.collector.conftest import otelcol

__all__ = ["otelcol"]
