"""The collector that the gateway's tests run."""

from tests.collector.conftest import otelcol

__all__ = ["otelcol"]
