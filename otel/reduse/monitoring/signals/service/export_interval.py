"""Export interval of a service, by which the windows of all rules about it are chosen.

An operation that ends with a time has that window always. One that does not has the window that suits how often the
service exports, so that a mean is a mean whatever the interval is:

    exports each      window of rates           window of quantiles, by route
    up to 3 s         15 s                      1 min
    up to 16 s        1 min                     1 min
    more rarely       200 s: three of OTel's    200 s
                      60 s and some delay

What is counted by process has 30 s up to 7 s, and 1 min up to 16 s (`cpu`).
"""

from collections.abc import Callable

from reduse.monitoring.definition import Of, Rule, Ruled, Signal, promql
from reduse.monitoring.groups import RED, USERS

FREQUENT, RARE = 3, 16
"""Export intervals in seconds above which a longer window is used."""

_INTERVALS = {
    "job": "job:export_interval_seconds:max",
    "service": "service:export_interval_seconds:max",
    "job, instance": "job_instance:export_interval_seconds:max",
}


def by_interval(first: str, *longer: tuple[float, str], by: str = "job") -> str:
    """PromQL of `first`, or of one of `longer` if the export interval is above its number of seconds, in rising order.

    `by`: the labels by which the interval is recorded. If it is unknown, `first` is used.
    """
    bounds = [bound for bound, _ in longer]
    chosen = [f"{first}\nunless on ({by}) {_INTERVALS[by]} > {bounds[0]:g}"]
    for (bound, asked), most in zip(longer, [*bounds[1:], None], strict=True):
        until = "" if most is None else f" <= {most:g}"
        chosen.append(f"{asked}\nand on ({by}) {_INTERVALS[by]} > {bound:g}{until}")
    return "\nor ".join(chosen)


def minute_or_longer(asked: Callable[[str], str], by: str = "job", window: str = "1m") -> str:
    """The expression with a window of a minute, or of 200 s for rare exports."""
    return by_interval(asked(window), (RARE, asked("200s")), by=by)


def unless_known(*, above: float, up_to: float | None = None, by: str = "job") -> str:
    """PromQL suffix that excludes services whose known export interval is not above `above` and up to `up_to`."""
    known = [f"{_INTERVALS[by]} <= {above:g}", *([] if up_to is None else [f"{_INTERVALS[by]} > {up_to:g}"])]
    return f"unless on ({by}) ({' or '.join(known)})"


SIGNAL = Signal(
    name="export_interval",
    of=Of.SERVICE,
    rank=0,
    rules=(
        Ruled(
            RED,
            (
                # As observed by the gateway; unknown until the process has exported twice. A value older than three and
                # a half intervals belongs to a process that has ended and is not used.
                Rule(
                    "job_instance:export_interval_seconds:max",
                    promql("""
                        max by (job, instance) (
                          reduse_export_interval_seconds
                          and time() - timestamp(reduse_export_interval_seconds) < 3.5 * reduse_export_interval_seconds
                        )
                    """),
                ),
                # The slowest process of a service decides: a window that suits it suits the others as well.
                Rule("job:export_interval_seconds:max", "max by (job) (job_instance:export_interval_seconds:max)"),
            ),
        ),
        Ruled(
            USERS,
            (
                # The label `service` of the processor's metrics equals `job` of others, including the namespace.
                Rule(
                    "service:export_interval_seconds:max",
                    'max by (service) (label_replace(job:export_interval_seconds:max, "service", "$1", "job", "(.+)"))',
                ),
            ),
        ),
    ),
)
