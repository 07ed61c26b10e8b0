"""Data points that the gateway drops, because the store would never accept them or they would make its data wrong."""

from reduse.monitoring.dashboards.definition import Panel, Query, Threshold
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal
from reduse.monitoring.groups import MONITORING, PIPELINE
from reduse.monitoring.signals.pipeline.counted import from_the_first_on

BOARD = "reduse-pipeline"

LEFT_OUT = "service_reason:gateway_points_left_out:increase5m"

SIGNAL = Signal(
    name="points_left_out",
    of=Of.PIPELINE,
    rank=30,
    rules=(
        Ruled(PIPELINE, (Rule(LEFT_OUT, from_the_first_on("service, reason", "reduse_gateway_points_left_out")),)),
        Ruled(
            MONITORING,
            (
                Alert(
                    "SamplesRefused",
                    f'{LEFT_OUT}{{reason!~"series_limit|identity_conflict"}} > 0',
                    severity="warning",
                    summary="Samples of {{ $labels.service }} are dropped: {{ $labels.reason }}",
                    description=(
                        "The gateway dropped {{ $value | humanize }} data points of {{ $labels.service }} in the "
                        "last 5 "
                        "minutes (reason: {{ $labels.reason }}). Other services are not affected. First, look up the "
                        "reason in the runbook."
                    ),
                    board=BOARD,
                ),
                Alert(
                    "SeriesWithoutEnd",
                    f'{LEFT_OUT}{{reason="series_limit"}} > 0',
                    severity="warning",
                    summary="{{ $labels.service }} creates too many series",
                    description=(
                        "{{ $labels.service }} has reached its limit of series: {{ $value | humanize }} data points of "
                        "new series were dropped in the last 5 minutes. Its existing series and other services are not "
                        "affected. First, find the attribute that has too many values."
                    ),
                    board=BOARD,
                ),
                Alert(
                    "IdentityShared",
                    f'{LEFT_OUT}{{reason="identity_conflict"}} > 0',
                    severity="warning",
                    summary="Several processes of {{ $labels.service }} report as one instance",
                    description=(
                        "Processes of {{ $labels.service }} share one service.instance.id or have none, so their "
                        "counters "
                        "contradict each other. {{ $value | humanize }} data points were dropped in the last 5 "
                        "minutes, "
                        "and the metrics of {{ $labels.service }} are incomplete. First, give each process a "
                        "service.instance.id of its own."
                    ),
                    board=BOARD,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            BOARD,
            "Store",
            Panel(
                "Data points dropped by the gateway in 5 minutes",
                "By service and reason: data points that the store would never accept, or that would make its data "
                "wrong.",
                (Query(LEFT_OUT, "{{service}}: {{reason}}"),),
                "short",
                thresholds=(Threshold(1, "orange"),),
                alerts=("SamplesRefused", "SeriesWithoutEnd", "IdentityShared"),
                width=12,
                may_be_empty=True,
            ),
        ),
    ),
)
