"""Whether each row of the company's table has current data. Ages and limits: `reduse.monitoring.ages`."""

from reduse.monitoring.dashboards.definition import Kind, Panel, Query, warn_at
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import ROWS
from reduse.monitoring.windows import SECONDS_STALE_AT_1_S, SECONDS_STALE_AT_5_S

BOARD = "reduse-overview"

SIGNAL = Signal(
    name="rows",
    of=Of.PIPELINE,
    rank=90,
    rules=(
        Ruled(
            ROWS,
            (
                # `row:info` is in the company's own rule file.
                Rule(
                    "row:sample_age:seconds",
                    "row:info * on (job, signal) group_left () job_signal:sample_age_seconds:min",
                ),
                # Data that never came, that is older than Prometheus looks back, or that is too old.
                Alert(
                    "SignalMissing",
                    promql("""
                        row:sample_age_limit:seconds
                        unless (row:sample_age:seconds <= row:sample_age_limit:seconds)
                    """),
                    severity="critical",
                    wait="30s",
                    summary="No current data: {{ $labels.title }}, {{ $labels.service }}",
                    description=(
                        "The row {{ $labels.row }} of the company's table ({{ $labels.signal }} of "
                        "{{ $labels.job }}) has "
                        "had no sample newer than {{ $value }} s for 30 s: dashboards and alerts about it show nothing "
                        "or old data. First, check whether {{ $labels.job }} runs."
                    ),
                    board=BOARD,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            BOARD,
            "Now",
            Panel(
                "Oldest data in the table",
                "Age of the newest raw sample of each row of the table; the highest of these ages is shown.",
                (Query("max(row:sample_age:seconds)", "age"),),
                "s",
                Kind.NUMBER,
                warn_at(SECONDS_STALE_AT_1_S, SECONDS_STALE_AT_5_S),
                alerts=("SignalMissing",),
                width=12,
                height=4,
            ),
        ),
    ),
)
