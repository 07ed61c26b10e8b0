"""The collector, as for the tests of the collector."""

from tests.collector.conftest import otelcol

__all__ = ["otelcol"]
