"""Rules for the age of the newest raw sample of each row, and for its maximum age; generated for signals with a row.

They use raw series, because a recording rule gives an old value a new timestamp.
"""

from collections.abc import Iterable, Iterator

from reduse.monitoring.definition import Row, Rule, Ruled, Signal
from reduse.monitoring.groups import ROWS
from reduse.monitoring.windows import INTERVALS_STALE

AGE = "job_signal:sample_age_seconds:min"
LIMIT = "row:sample_age_limit:seconds"

LIMITS_NOW = f"max by (row) ({LIMIT})"


def rules(signals: Iterable[Signal]) -> Ruled:
    """Two rules for each signal with a row: its age by job, and its maximum age by row of the table.

    Raises:
        ValueError: two of them have the same name, so that the label `signal` would be ambiguous.
    """
    rows = [(signal.name, signal.row) for signal in signals if signal.row]
    if len({name for name, _ in rows}) < len(rows):
        raise ValueError(f"two signals with a row have one name: {sorted(name for name, _ in rows)}")
    return Ruled(ROWS, tuple(rule for name, row in rows for rule in _of(name, row)))


def _of(name: str, row: Row) -> Iterator[Rule]:
    yield Rule(AGE, _age(row), {"signal": name})
    # `row:info` already has this label; it is repeated because promtool requires rules with different labels.
    yield Rule(LIMIT, _limit(name, row), {"signal": name})


def now(signals: Iterable[Signal]) -> str:
    """PromQL of the ages at this moment, by job and signal, as the rule records them.

    From the raw series: a recorded age does not change until the next evaluation, and never if rules are not evaluated.
    """
    ages = {signal.name: _age(signal.row) for signal in signals if signal.row}
    return "\nor ".join(f'label_replace({age}, "signal", "{name}", "", "")' for name, age in ages.items())


def _age(row: Row) -> str:
    """`timestamp()` returns the time of a sample for plain selectors only, so each source has its own call."""
    times = " or ".join(f"timestamp({source})" for source in row.sources)
    if row.job_label != "job":
        times = f'label_replace({times}, "job", "$1", "{row.job_label}", "(.*)")'
    return f"time() - max by (job) ({times})"


def _limit(name: str, row: Row) -> str:
    row_info = f'row:info{{signal="{name}"}}'
    if not row.follows_exports:
        return f"{row.maximum_age:g} * {row_info}"
    interval = "max by (job) (job:export_interval_seconds:max)"
    return (
        f"clamp_min({INTERVALS_STALE:g} * {interval}, {row.maximum_age:g}) * on (job) group_right () {row_info}\n"
        f"or {row.maximum_age:g} * {row_info}"
    )
