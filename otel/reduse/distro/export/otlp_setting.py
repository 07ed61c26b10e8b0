"""What OTEL_EXPORTER_OTLP_* says of metrics."""

from collections.abc import Mapping


def otlp_setting(environment: Mapping[str, str], name: str, default: str = "") -> str:
    """The setting for metrics alone, or else that for all signals."""
    return (
        environment.get(f"OTEL_EXPORTER_OTLP_METRICS_{name}")
        or environment.get(f"OTEL_EXPORTER_OTLP_{name}")
        or default
    )
