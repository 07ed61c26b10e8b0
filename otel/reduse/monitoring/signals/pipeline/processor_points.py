"""Per-user data points that the processor receives and refuses, or counts under no policy."""

from reduse.monitoring.dashboards.definition import Panel, Query
from reduse.monitoring.definition import Alert, Of, Rule, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import MONITORING, PIPELINE
from reduse.monitoring.signals.pipeline.counted import from_the_first_on
from reduse.wire import MOST_POLICIES

BOARD = "reduse-pipeline"

REFUSED = "service_reason:processor_points_refused:increase5m"
BEYOND_POLICIES = "service:processor_points_beyond_policies:increase5m"

SIGNAL = Signal(
    name="processor_points",
    of=Of.PIPELINE,
    rank=60,
    rules=(
        Ruled(
            PIPELINE,
            (
                Rule(REFUSED, from_the_first_on("service, reason", "reduse_processor_points_refused_total")),
                Rule(BEYOND_POLICIES, from_the_first_on("service", "reduse_processor_points_beyond_policies_total")),
                Rule(
                    "job:processor_points:rate1m",
                    "sum by (job) (rate(reduse_processor_points_received_total[1m]))",
                ),
                # The series does not exist before the first refusal.
                Rule(
                    "job:processor_points_refused:rate1m",
                    promql("""
                        sum by (job) (rate(reduse_processor_points_refused_total[1m]))
                        or 0 * job:processor_points:rate1m
                    """),
                ),
            ),
        ),
        Ruled(
            MONITORING,
            (
                Alert(
                    "UserPointsRefused",
                    f"{REFUSED} > 0",
                    severity="warning",
                    summary=(
                        "Per-user data of {{ with $labels.service }}{{ . }}{{ else }}an unnamed service{{ end }} is "
                        "refused: {{ $labels.reason }}"
                    ),
                    description=(
                        "The processor refused {{ $value | humanize }} per-user data points in the last 5 minutes "
                        "(reason: {{ $labels.reason }}), so the per-user metrics of the service are incomplete. Other "
                        "services are not affected. First, look up the reason in the runbook."
                    ),
                    board=BOARD,
                ),
                Alert(
                    "TooManyPolicies",
                    f"{BEYOND_POLICIES} > 0",
                    severity="warning",
                    summary="{{ $labels.service }} reports requests under more policies than are told apart",
                    description=(
                        "The processor counted {{ $value | humanize }} per-user data points of the last 5 minutes "
                        f"under no policy, because the service has used {MOST_POLICIES} other policies within the "
                        "last hour. The metrics of the users are complete; those of the policies are not. First, "
                        "compare REDUSE_USER_POLICIES of the service's instances."
                    ),
                    board=BOARD,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            BOARD,
            "Processor",
            Panel(
                "Per-user data points per second",
                "Data points that the processor received and refused.",
                (
                    Query("job:processor_points:rate1m", "received"),
                    Query("job:processor_points_refused:rate1m", "refused"),
                ),
                "ops",
                alerts=("UserPointsRefused",),
            ),
        ),
        Shown(
            BOARD,
            "Processor",
            Panel(
                "Per-user data points refused in 5 minutes",
                "Data points that the processor did not accept, by service and reason.",
                (Query(f"{REFUSED} > 0", "{{service}} {{reason}}"),),
                "short",
                alerts=("UserPointsRefused",),
                may_be_empty=True,
            ),
        ),
        Shown(
            BOARD,
            "Processor",
            Panel(
                "Per-user data points under no policy, at the limit on policies",
                "Data points of the last 5 minutes whose policy the processor does not tell apart, by service.",
                (Query(f"{BEYOND_POLICIES} > 0", "{{service}}"),),
                "short",
                alerts=("TooManyPolicies",),
                may_be_empty=True,
            ),
        ),
    ),
)
