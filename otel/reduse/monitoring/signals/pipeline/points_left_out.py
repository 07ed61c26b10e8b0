"""Points that the gateway leaves out: those that the store would never take, or that would falsify what it has."""

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
                    summary="Samples of {{ $labels.service }} are left out: {{ $labels.reason }}",
                    description=(
                        "In five minutes {{ $value | humanize }} points of {{ $labels.service }} were not written, for "
                        "the reason {{ $labels.reason }}. Other services are not touched."
                    ),
                    board=BOARD,
                ),
                Alert(
                    "SeriesWithoutEnd",
                    f'{LEFT_OUT}{{reason="series_limit"}} > 0',
                    severity="warning",
                    summary="{{ $labels.service }} makes series without end",
                    description=(
                        "{{ $labels.service }} has as many series as it may: {{ $value | humanize }} points of new "
                        "ones were left out in five minutes. Its old series and other services are not touched."
                    ),
                    board=BOARD,
                ),
                Alert(
                    "IdentityShared",
                    f'{LEFT_OUT}{{reason="identity_conflict"}} > 0',
                    severity="warning",
                    summary="Several processes report as one instance of {{ $labels.service }}",
                    description=(
                        "Processes of {{ $labels.service }} share one service.instance.id, or have none: their totals "
                        "contradict each other, {{ $value | humanize }} points were left out in five minutes, and what "
                        "is shown of {{ $labels.service }} is incomplete."
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
