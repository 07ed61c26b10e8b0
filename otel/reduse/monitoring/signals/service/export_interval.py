"""How often a service exports: what the windows of all rules about it depend on.

An operation that ends with a time has that window always. One that does not has the window that suits how often the
service exports, so that a mean is a mean whatever the interval is:

    exports each      window of rates           window of quantiles, by route
    up to 3 s         15 s                      1 min
    up to 16 s        1 min                     1 min
    more rarely       200 s: three of OTel's    200 s
                      60 s and some delay

What is counted by process has 30 s up to 7 s, and 1 min up to 16 s (`cpu`).
"""

from reduse.monitoring.definition import Of, Rule, Ruled, Signal, promql
from reduse.monitoring.groups import RED, USERS

SIGNAL = Signal(
    name="export_interval",
    of=Of.SERVICE,
    rank=0,
    rules=(
        Ruled(
            RED,
            (
                # As the gateway sees it; unknown until the process has sent twice. What is older than three and a half
                # of its own intervals is of a process that has ended, and says nothing about the next one.
                Rule(
                    "job_instance:export_interval_seconds:max",
                    promql("""
                        max by (job, instance) (
                          reduse_export_interval_seconds
                          and time() - timestamp(reduse_export_interval_seconds) < 3.5 * reduse_export_interval_seconds
                        )
                    """),
                ),
                # The slowest of a service decides: a window that suits it suits the others as well.
                Rule("job:export_interval_seconds:max", "max by (job) (job_instance:export_interval_seconds:max)"),
            ),
        ),
        Ruled(
            USERS,
            (
                # The label `service` of what the processor makes is what `job` is elsewhere, namespace included.
                Rule(
                    "service:export_interval_seconds:max",
                    'max by (service) (label_replace(job:export_interval_seconds:max, "service", "$1", "job", "(.+)"))',
                ),
            ),
        ),
    ),
)
