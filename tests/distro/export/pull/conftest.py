"""The collector that the gateway's tests run."""

from tests.collector.conftest import otelcol

__all__ = ["otelcol"]

from importlib.util import find_spec
from pathlib import Path

# Pull mode is an extra, which not every environment of the matrix has.
if find_spec("opentelemetry.exporter.prometheus") is None:
    collect_ignore = [path.name for path in Path(__file__).parent.glob("test_*.py")]
