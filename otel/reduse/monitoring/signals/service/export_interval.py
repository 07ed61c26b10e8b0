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

from collections.abc import Callable

from reduse.monitoring.definition import Of, Rule, Ruled, Signal, promql
from reduse.monitoring.groups import RED, USERS

FREQUENT, RARE = 3, 16
"""Seconds between two exports, above which a longer window is taken."""

_INTERVALS = {
    "job": "job:export_interval_seconds:max",
    "service": "service:export_interval_seconds:max",
    "job, instance": "job_instance:export_interval_seconds:max",
}


def by_interval(first: str, *longer: tuple[float, str], by: str = "job") -> str:
    """PromQL of `first`, or of one of `longer` where exports are more than so many seconds apart, from few to many.

    `by`: the labels by which that is known. Where it is not known, it is `first`.
    """
    bounds = [bound for bound, _ in longer]
    chosen = [f"{first}\nunless on ({by}) {_INTERVALS[by]} > {bounds[0]:g}"]
    for (bound, asked), most in zip(longer, [*bounds[1:], None], strict=True):
        until = "" if most is None else f" <= {most:g}"
        chosen.append(f"{asked}\nand on ({by}) {_INTERVALS[by]} > {bound:g}{until}")
    return "\nor ".join(chosen)


def minute_or_longer(asked: Callable[[str], str], by: str = "job", window: str = "1m") -> str:
    """What is asked of a window: of a minute, or of 200 s where exports are rare."""
    return by_interval(asked(window), (RARE, asked("200s")), by=by)


def unless_known(*, above: float, up_to: float | None = None, by: str = "job") -> str:
    """PromQL that ends what is recorded for those alone that may export more rarely than `above`, up to `up_to`."""
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
