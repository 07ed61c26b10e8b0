"""How old the newest raw sample of each row is, and may be: rules that follow from each signal that has a row.

They ask for raw series, because a recording rule stamps an old number with a new time.
"""

from collections.abc import Iterable, Iterator

from reduse.monitoring.definition import Row, Rule, Ruled, Signal
from reduse.monitoring.groups import ROWS
from reduse.monitoring.windows import INTERVALS_STALE

AGE = "job_signal:sample_age_seconds:min"
LIMIT = "row:sample_age_limit:seconds"

LIMITS_NOW = f"max by (row) ({LIMIT})"


def rules(signals: Iterable[Signal]) -> Ruled:
    """Two of each signal with a row: its age in each job, and the age that it may have in each row of the table.

    Raises:
        ValueError: two of them have one name, and could not be told apart by the label `signal`.
    """
    rows = [(signal.name, signal.row) for signal in signals if signal.row]
    if len({name for name, _ in rows}) < len(rows):
        raise ValueError(f"two signals with a row have one name: {sorted(name for name, _ in rows)}")
    return Ruled(ROWS, tuple(rule for name, row in rows for rule in _of(name, row)))


def _of(name: str, row: Row) -> Iterator[Rule]:
    yield Rule(AGE, _age(row), {"signal": name})
    # `row:info` has this label already: named, it tells one of these rules from another for promtool, too.
    yield Rule(LIMIT, _limit(name, row), {"signal": name})


def now(signals: Iterable[Signal]) -> str:
    """PromQL of the ages at this moment, by job and signal, as the rule records them.

    Of the raw series too: what was recorded stands still until it is recorded again, or for ever when rules do.
    """
    ages = {signal.name: _age(signal.row) for signal in signals if signal.row}
    return "\nor ".join(f'label_replace({age}, "signal", "{name}", "", "")' for name, age in ages.items())


def _age(row: Row) -> str:
    """`timestamp()` tells a sample's own time for plain selectors only, so each source has its own."""
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
