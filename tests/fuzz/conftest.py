"""The collector that is tested."""

from tests.collector.conftest import otelcol

__all__ = ["otelcol"]
