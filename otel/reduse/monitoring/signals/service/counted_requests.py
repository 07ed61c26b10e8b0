"""Requests that objectives count: all but health checks."""

from reduse.monitoring.definition import Of, Rule, Ruled, Signal, promql
from reduse.monitoring.groups import OBJECTIVES

SERVICE = "job:service:info"
"""A fact of the company: 1 for each service of its file, by `job`; the label `service` is its title."""

PROBE = "job_route:probe:info"
"""A fact of the company: 1 for each route of health checks, by `job` and `http_route`."""

COUNT = "http_server_request_duration_seconds_count"
BUCKET = "http_server_request_duration_seconds_bucket"
NATIVE = "http_server_request_duration_seconds"
"""The same measurements as native histograms, if the service sends them and the store supports them."""

NOT_COUNTED = "job_route:not_counted:info"
COUNTED = "job:http_requests_counted:rate5m"
COUNTED_NATIVE = "job:http_requests_counted:native_rate5m"
"""A native histogram."""

NUMBER_NATIVE = "job:http_requests_counted_native:rate5m"

PROBES_BY_DEFAULT = 'http_route=~"/healthz|/readyz"'
"""For a service that is not in the file."""

SIGNAL = Signal(
    name="counted_requests",
    of=Of.SERVICE,
    rank=20,
    rules=(
        Ruled(
            OBJECTIVES,
            (
                # A rate, so that it is there for as long as the requests of these routes are.
                Rule(
                    NOT_COUNTED,
                    promql(f"""
                        {PROBE}
                        or group by (job, http_route) (
                          rate({COUNT}{{{PROBES_BY_DEFAULT}}}[5m]) or rate({NATIVE}{{{PROBES_BY_DEFAULT}}}[5m])
                        )
                        unless on (job) {SERVICE}
                    """),
                ),
                Rule(COUNTED_NATIVE, f"sum by (job) (rate({NATIVE}[5m]) unless on (job, http_route) {NOT_COUNTED})"),
                Rule(NUMBER_NATIVE, f"histogram_count({COUNTED_NATIVE})"),
                # Instances of one service may send the one and the other, while it is brought to a new version.
                Rule(
                    COUNTED,
                    promql(f"""
                        sum by (job) (
                          (rate({COUNT}[5m]) or histogram_count(rate({NATIVE}[5m])))
                          unless on (job, http_route) {NOT_COUNTED}
                        )
                    """),
                ),
            ),
        ),
    ),
)
