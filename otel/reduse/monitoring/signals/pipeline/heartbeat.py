"""The timestamp that the gateway writes every 5 s like all samples: it shows whether the store accepts samples."""

from reduse.monitoring.dashboards.definition import Kind, Panel, Query, Threshold, warn_at
from reduse.monitoring.definition import Alert, Of, Ruled, Shown, Signal, promql
from reduse.monitoring.groups import MONITORING

BOARD = "reduse-pipeline"

SIGNAL = Signal(
    name="heartbeat",
    of=Of.PIPELINE,
    rank=40,
    rules=(
        Ruled(
            MONITORING,
            (
                # No recorded series is used, and alerts are sent from memory, so it fires even if nothing can be
                # written. If the gateway does not respond, another alert fires: the old heartbeat is then not caused
                # by the store.
                Alert(
                    "StoreNotTaking",
                    promql("""
                        vector(1)
                        unless on () time() - max(timestamp(reduse_gateway_heartbeat_seconds)) < 60
                        unless on () (
                          max(up{job="collector-gateway"}) == 0
                          and on () time() - max(timestamp(up{job="collector-gateway"})) < 60
                        )
                    """),
                    severity="critical",
                    wait="15s",
                    summary="The store accepts no samples",
                    description=(
                        "No sample newer than one minute is stored: dashboards and alerts show old data, and the agent "
                        "keeps new data on disk. First, check the log and the disk of the store."
                        '{{ with query "max by (instance) (last_over_time(job_instance:host_disk:ratio[1h]))" }}'
                        "{{ range . }} The fullest disk of {{ .Labels.instance }} was "
                        "{{ .Value | humanizePercentage }} "
                        "full when it was last seen.{{ end }}{{ end }}"
                    ),
                    board=BOARD,
                ),
                # It stops when nothing is stored any more, neither data that is sent nor data that Prometheus scrapes,
                # so that its receiver notices this as well.
                Alert(
                    "Watchdog",
                    promql("""
                        vector(1)
                        and on () time() - max(timestamp(reduse_gateway_heartbeat_seconds)) < 60
                        and on () time() - max(timestamp(up{job=~"prometheus|victoriametrics"})) < 60
                    """),
                    severity="none",
                    summary="Alerting works: this alert fires while samples are stored",
                    description=(
                        "No action is needed. If this alert stops arriving at its receiver, alerting is broken or no "
                        "samples are stored."
                    ),
                    board=BOARD,
                ),
            ),
        ),
    ),
    panels=(
        Shown(
            "reduse-overview",
            "Now",
            Panel(
                "Firing alerts",
                "Number of alerts that fire now, without the watchdog, which fires while everything works.",
                # 0 only while the watchdog fires: without evaluated rules there is no value.
                (
                    Query(
                        'count(ALERTS{alertstate="firing",severity!="none"})'
                        ' or 0 * count(ALERTS{alertstate="firing",alertname="Watchdog"})',
                        "firing",
                    ),
                ),
                "short",
                Kind.NUMBER,
                (Threshold(1, "red"),),
                alerts=("Watchdog",),
                width=12,
                height=4,
            ),
        ),
        Shown(
            BOARD,
            "Store",
            Panel(
                "Age of the gateway's heartbeat",
                "Age of the timestamp that the gateway writes to the store every 5 s in the same way as all samples.",
                (Query("time() - max(timestamp(reduse_gateway_heartbeat_seconds))", "age"),),
                "s",
                thresholds=warn_at(15, 60),
                alerts=("StoreNotTaking", "Watchdog"),
                width=12,
            ),
        ),
    ),
)
