"""The standard OpenTelemetry variables that this distro does not follow, or that take something from the numbers.

Each is a line at the start: whoever set it should not have to find out from numbers that are missing.
"""

from collections.abc import Mapping

# The rules of this project give right values up to this interval, milliseconds.
LONGEST_INTERVAL = 60_000

_TRUE_OR_FALSE = ("", "true", "false")


def notices(environment: Mapping[str, str], service_name: str) -> list[str]:
    """A line for each, in no case more; none where all is followed.

    Args:
        environment: the variables, after the defaults were filled in.
        service_name: what the SDK has made of them.
    """
    return [*_not_followed(environment), *_costly(environment, service_name)]


def _not_followed(environment: Mapping[str, str]) -> list[str]:
    lines = []

    def look(name: str, followed: tuple[str, ...], instead: str) -> None:
        value = environment.get(name, "").strip()
        if value.lower() not in followed:
            lines.append(f"{name}={value} is not followed: {instead}")

    look(
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        ("", "cumulative"),
        "metrics are sent as cumulative, as Prometheus requires, and so that a lost export loses no counts",
    )
    look(
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
        ("", "explicit_bucket_histogram"),
        "histograms are sent with explicit buckets, which every Prometheus accepts",
    )
    look(
        "OTEL_METRICS_EXEMPLAR_FILTER",
        ("", "trace_based", "always_off"),
        "exemplars are those of sampled requests, as with trace_based",
    )
    look("OTEL_SDK_DISABLED", _TRUE_OR_FALSE, "only true disables the SDK")
    look("OTEL_CONFIG_FILE", ("",), "this distro is configured by variables only")
    return lines


def _costly(environment: Mapping[str, str], service_name: str) -> list[str]:
    lines = []
    if service_name.startswith("unknown_service"):
        lines.append(
            f"OTEL_SERVICE_NAME is not set: this service is reported as {service_name}, like all without a name"
        )
    lines += [
        f"OTEL_RESOURCE_ATTRIBUTES: {part.strip()!r} is ignored: write name=value"
        for part in environment.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",")
        if part.strip() and not _is_attribute(part)
    ]
    interval = float(environment.get("OTEL_METRIC_EXPORT_INTERVAL") or 0)
    if interval > LONGEST_INTERVAL:
        lines.append(f"OTEL_METRIC_EXPORT_INTERVAL={interval:.0f} is more than a minute: dashboards will have gaps")
    conventions = {part.strip() for part in environment.get("OTEL_SEMCONV_STABILITY_OPT_IN", "").lower().split(",")}
    if not conventions & {"database", "database/dup"}:
        lines.append("OTEL_SEMCONV_STABILITY_OPT_IN without database: there are no metrics of database clients")
    return lines


def _is_attribute(text: str) -> bool:
    name, equals, _value = text.partition("=")
    return bool(name.strip() and equals)
