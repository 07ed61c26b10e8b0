"""The monitoring itself."""

from reduse.monitoring.dashboards.definition import Board, Panel, Query, Section, Threshold, warn_at

PIPELINE = Board(
    "reduse-pipeline",
    "The pipeline itself",
    "From the services to Prometheus: what waits, what is refused, how late the answers are.",
    (
        Section(
            "Collector",
            (
                Panel(
                    "Queues of the agent",
                    "Part of the room on disk that is taken. It grows while what is behind does not answer.",
                    (Query("job_instance_exporter:collector_queue:ratio", "{{instance}} {{exporter}}"),),
                    "percentunit",
                    thresholds=warn_at(0.5, 0.8),
                    alerts=("CollectorQueueFilling",),
                ),
                Panel(
                    "Points sent",
                    "A second, by exporter.",
                    (Query("job_exporter:collector_points_sent:rate1m", "{{job}}: {{exporter}}"),),
                    "ops",
                ),
                Panel(
                    "Points refused",
                    "A second. The sender keeps them and comes again.",
                    (Query("job:collector_points_refused:rate1m", "{{job}}"),),
                    "ops",
                    thresholds=(Threshold(1, "orange"),),
                    alerts=("CollectorQueueFilling",),
                ),
                Panel(
                    "Points turned away",
                    "In five minutes, by the agent and the gateway: refused, failed, or not put into the queue.",
                    (
                        Query(
                            "job_instance_fault:collector_points_turned_away:increase5m",
                            "{{job}} {{instance}}: {{fault}}",
                        ),
                    ),
                    "short",
                    thresholds=(Threshold(1, "orange"),),
                    alerts=("CollectorRefusing",),
                    may_be_empty=True,
                ),
            ),
        ),
        Section(
            "Store",
            (
                Panel(
                    "Points left out",
                    "In five minutes, by service and reason: what the store would never take, or what would falsify.",
                    (Query("service_reason:gateway_points_left_out:increase5m", "{{service}}: {{reason}}"),),
                    "short",
                    thresholds=(Threshold(1, "orange"),),
                    alerts=("SamplesRefused", "SeriesWithoutEnd", "IdentityShared"),
                    width=12,
                    may_be_empty=True,
                ),
                Panel(
                    "Age of the gateway's heartbeat",
                    "The time that the gateway writes each five seconds, by the way that all samples go.",
                    (Query("time() - max(timestamp(reduse_gateway_heartbeat_seconds))", "age"),),
                    "s",
                    thresholds=warn_at(15, 60),
                    alerts=("StoreNotTaking", "Watchdog"),
                    width=12,
                ),
            ),
        ),
        Section(
            "Processor",
            (
                Panel(
                    "Behind the clock",
                    "Now minus the watermark: the age of the newest numbers of users.",
                    (Query("service:processor_watermark_lag_seconds:max", "{{service}}"),),
                    "s",
                    thresholds=warn_at(5, 15),
                    alerts=("ProcessorLate",),
                ),
                Panel(
                    "Points of users",
                    "A second: received and refused.",
                    (
                        Query("job:processor_points:rate1m", "received"),
                        Query("job:processor_points_refused:rate1m", "refused"),
                    ),
                    "ops",
                    alerts=("UserPointsRefused",),
                ),
                Panel(
                    "State",
                    "On disk, and metrics that wait for the gateway.",
                    (
                        Query("sum(reduse_processor_state_size_bytes)", "state"),
                        Query("job:processor_outbox_bytes:sum", "outbox"),
                    ),
                    "bytes",
                    alerts=("ProcessorStateUnavailable",),
                ),
                Panel(
                    "Points of users that are refused",
                    "In five minutes, by service and reason.",
                    (Query("service_reason:processor_points_refused:increase5m > 0", "{{service}} {{reason}}"),),
                    "short",
                    alerts=("UserPointsRefused",),
                    width=12,
                    may_be_empty=True,
                ),
                Panel(
                    "Set apart",
                    "What the processor's computation failed on, since its start.",
                    (Query("sum by (what) (reduse_processor_quarantined_total)", "{{what}}"),),
                    "short",
                    alerts=("ProcessorQuarantined",),
                    width=12,
                    may_be_empty=True,
                ),
            ),
        ),
        Section(
            "Parts and host",
            (
                Panel(
                    "Parts that answer",
                    "1 is up, as Prometheus scrapes it.",
                    (Query("job:up:min", "{{job}}"),),
                    "short",
                    alerts=("MonitoringPartDown",),
                    maximum=1,
                ),
                Panel(
                    "CPU and memory of the host",
                    "Part in use.",
                    (
                        Query("job_instance:host_cpu:ratio1m", "CPU"),
                        Query("job_instance:host_memory:ratio", "memory"),
                    ),
                    "percentunit",
                    maximum=1,
                ),
                Panel(
                    "Fullest disk",
                    "Part of a file system that is used.",
                    (Query("job_instance:host_disk:ratio", "{{instance}}"),),
                    "percentunit",
                    thresholds=warn_at(0.8, 0.9),
                    alerts=("HostDiskFilling",),
                    maximum=1,
                ),
            ),
        ),
    ),
)
