"""What the product itself counts of what it did not take, as it is shown beside the verdict."""

from collections.abc import Mapping
from contextlib import suppress

from reduse.store.client import QueryError, StoreClient

# By what is shown: a counter of a part, of whose restarts the highest values are added. At least so many were counted:
# what a part counted between its last scrape and its kill is not known.
COUNTERS = {
    "points left out by the gateway": (
        "sum by (service, reason) (max_over_time(reduse_gateway_points_left_out[{span}]))"
    ),
    "points refused by the processor": (
        "sum by (service, reason) (max_over_time(reduse_processor_points_refused_total[{span}]))"
    ),
    "points late at the processor (counted in the next second)": (
        "sum(max_over_time(reduse_processor_points_late_total[{span}]))"
    ),
    "points sent again": "sum(max_over_time(reduse_processor_points_duplicate_total[{span}]))",
    "payloads dropped by the processor": "sum(max_over_time(reduse_processor_outbox_dropped_total[{span}]))",
    "windows left out of the history": (
        "sum by (reason) (max_over_time(reduse_processor_history_windows_dropped_total[{span}]))"
    ),
    "states set aside by the processor": "sum(max_over_time(reduse_processor_state_damaged_total[{span}]))",
    "records set aside by the processor": "sum(max_over_time(reduse_processor_quarantined_total[{span}]))",
    "points refused by the agent": (
        'sum(max_over_time(otelcol_receiver_refused_metric_points{{job="collector-agent"}}[{span}]))'
    ),
    "points not taken by the agent": (
        'sum(max_over_time(otelcol_receiver_failed_metric_points{{job="collector-agent"}}[{span}]))'
    ),
    "points not queued by the agent": (
        "sum by (exporter) "
        '(max_over_time(otelcol_exporter_enqueue_failed_metric_points{{job="collector-agent",'
        'exporter!="otlp_grpc/live"}}[{span}]))'
    ),
    "the agent's queue, % of its bound": (
        '100 * max by (exporter) (max_over_time(otelcol_exporter_queue_size{{exporter!="otlp_grpc/live"}}[{span}]) / '
        "max_over_time(otelcol_exporter_queue_capacity[{span}]))"
    ),
}


def counted(client: StoreClient, seconds: float) -> dict[str, float]:
    """Of the last so many seconds, what is not 0."""
    found: dict[str, float] = {}
    for what, promql in COUNTERS.items():
        with suppress(QueryError):
            for sample in client.query(promql.format(span=f"{int(seconds) + 1}s")):
                labels = ", ".join(value for _, value in sorted(sample.labels.items()))
                if sample.value:
                    found[f"{what}: {labels}" if labels else what] = round(sample.value)
    return found


def merged(pieces: list[Mapping[str, float]]) -> dict[str, float]:
    """Those of several pieces: sums, and of what is a share the highest."""
    found: dict[str, float] = {}
    for what, value in (item for piece in pieces for item in piece.items()):
        found[what] = max(found.get(what, 0.0), value) if "%" in what else found.get(what, 0.0) + value
    return found
