"""USE of the queue."""

from reduse.monitoring.dashboards.definition import Board, Kind, Panel, Query, Section, Threshold, warn_at

QUEUE = Board(
    "reduse-queue",
    "USE of the queue",
    "RabbitMQ: what flows, what waits, what nobody could process.",
    (
        Section(
            "Utilisation",
            (
                Panel(
                    "Messages in flight",
                    "unacknowledged is in the consumers' hands, ready waits.",
                    (Query("job_state:rabbitmq_messages_in_flight:sum", "{{instance}} {{state}}"),),
                    "short",
                    Kind.STACKED,
                    alerts=("QueueGrowing",),
                ),
                Panel(
                    "Consumers",
                    "Of each queue of work; dead letters, retries and streams need none.",
                    (Query("job_queue:rabbitmq_consumers:sum", "{{vhost}} {{queue}}"),),
                    "short",
                    alerts=("ConsumersGone",),
                ),
                Panel(
                    "Work of the consumers",
                    "Seconds of work in a second.",
                    (Query("job_queue:messages_processing:rate", "{{job}}: {{queue}}"),),
                    "short",
                ),
            ),
        ),
        Section(
            "Saturation",
            (
                Panel(
                    "Messages that wait",
                    "For consumers, by virtual host and queue.",
                    (Query("job_queue:rabbitmq_messages_ready:sum", "{{vhost}} {{queue}}"),),
                    "short",
                    alerts=("QueueGrowing",),
                ),
                Panel(
                    "Time to drain",
                    "What waits, at the pace of the last minute; nothing where nothing is acknowledged.",
                    (Query("job_queue:rabbitmq_drain_seconds:ratio", "{{vhost}} {{queue}}"),),
                    "s",
                    thresholds=warn_at(60, 600),
                    alerts=("QueueGrowing",),
                    may_be_empty=True,
                ),
                Panel(
                    "Memory of the broker",
                    "Of the limit at which it blocks publishers.",
                    (Query("job_instance:rabbitmq_memory:ratio", "{{instance}}"),),
                    "percentunit",
                    thresholds=warn_at(0.7, 0.9),
                    alerts=("BrokerAlarm",),
                ),
            ),
        ),
        Section(
            "Errors",
            (
                Panel(
                    "Dead letters",
                    "Orders or states that no service could process, until somebody takes them out.",
                    (Query("job_queue:rabbitmq_dead_letters:sum", "{{vhost}} {{queue}}"),),
                    "short",
                    thresholds=(Threshold(1, "orange"),),
                    alerts=("DeadLettersArriving",),
                ),
                Panel(
                    "Messages that failed",
                    "A second, by consumer.",
                    (Query("job_queue:messages_failed:rate > 0", "{{job}}: {{queue}}"),),
                    "ops",
                    alerts=("DeadLettersArriving",),
                    may_be_empty=True,
                ),
                Panel(
                    "Alarms",
                    "Memory or disk: publishers are blocked.",
                    (Query("job_instance:rabbitmq_alarms:sum", "{{instance}}"),),
                    "short",
                    thresholds=(Threshold(1, "red"),),
                    alerts=("BrokerAlarm",),
                ),
                Panel(
                    "Can be read",
                    "1: the monitoring knows all of it. 0: it knows nothing of it, for the reason named.",
                    (
                        Query("job_instance_reason:rabbitmq_up:min", "{{instance}} {{reason}}"),
                        Query("job_instance_part_reason:rabbitmq_readable:min", "{{instance}} {{part}} {{reason}}"),
                        Query("job_instance_vhost:rabbitmq_readable:min", "{{instance}} virtual host {{vhost}}"),
                    ),
                    "short",
                    alerts=("BrokerUnreadable", "BrokerVhostUnreadable"),
                    maximum=1,
                    width=24,
                ),
            ),
        ),
    ),
)
