"""USE of a service: CPU, what waits for it, what fails."""

from reduse.monitoring.dashboards.definition import Board, Panel, Query, Section, Threshold, Variable, warn_at
from reduse.monitoring.windows import CPU_WINDOW, WINDOW

MES = Board(
    "reduse-service-use",
    "USE of a service",
    "CPU of the service chosen above, what waits for it, and what fails.",
    (
        Section(
            "Utilisation, saturation, errors",
            (
                Panel(
                    "CPU",
                    f"Of the container where there is one, else of the process. 100 % is one core. {CPU_WINDOW}",
                    (Query('100 * job_instance:cpu_seconds:rate{job="$job"}', "{{instance}}"),),
                    "percent",
                    thresholds=warn_at(70, 80),
                    alerts=("CpuSaturated",),
                ),
                Panel(
                    "Delay of the event loop",
                    "99 % of the loop's turns begin within: what a request waits for CPU time.",
                    (Query('job:event_loop_delay_seconds:quantile{job="$job"}', "p99"),),
                    "s",
                    thresholds=warn_at(0.05, 0.2),
                    alerts=("CpuSaturated",),
                ),
                Panel(
                    "Failed requests and messages",
                    f"A second. {WINDOW}",
                    (
                        Query('sum(job_status:http_requests:rate{job="$job",status=~"5.."}) or vector(0)', "5xx"),
                        Query('sum(job_queue:messages_failed:rate{job="$job"}) or vector(0)', "messages"),
                    ),
                    "ops",
                    alerts=("ErrorBudgetBurning", "DeadLettersArriving"),
                ),
                Panel(
                    "Requests in the service at once",
                    f"From the seconds that the server spent in each second. {WINDOW}",
                    (Query('service:concurrency:sum{service="$job"}', "requests"),),
                    "short",
                ),
                Panel(
                    "Requests that wait for a connection of the pool",
                    "All connections to the database are taken while there are any.",
                    (Query('job:db_client_connections_waiting:sum{job="$job"}', "waiting"),),
                    "short",
                    thresholds=(Threshold(1, "orange"),),
                    alerts=("RequestsWaitForConnections",),
                ),
                Panel(
                    "Work on messages",
                    "Seconds of work in a second: of one consumer, 1 is never idle.",
                    (Query('job_queue:messages_processing:rate{job="$job"}', "{{queue}}"),),
                    "short",
                    thresholds=warn_at(0.7, 0.9),
                    alerts=("QueueGrowing",),
                ),
            ),
        ),
    ),
    (Variable("job", "job", "job_status:http_requests:rate", "mes-api"),),
)
