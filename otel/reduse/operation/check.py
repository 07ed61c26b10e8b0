"""The rows of a company's table, asked of the store and not of the parts: value, age of the newest sample, verdict."""

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from rich.table import Table

from reduse.monitoring import ages as ages_of
from reduse.monitoring.signals import signals_with_a_row
from reduse.monitoring.table import CompanyRow
from reduse.store.answer import Sample
from reduse.store.client import StoreClient

SHOWN_VALUES = 4
SHOWN_ROWS = 40
# Queries of values.
AT_ONCE = 8
QUANTILE = "quantile"


@dataclass(frozen=True)
class Value:
    """One series of a row; `value` is None where the row has nothing to say, such as latency without a request."""

    labels: Mapping[str, str]
    value: float | None


@dataclass(frozen=True)
class RowResult:
    """What the store says of one row; `age` and `maximum_age` in seconds, `age` None when there is no sample.

    `row`: its name; `number`: its place in the table, from 1.
    """

    row: str
    number: int
    title: str
    service: str
    unit: str
    values: Sequence[Value]
    age: float | None
    maximum_age: float
    passed: bool
    reason: str

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def check(client: StoreClient, now: float, rows: Sequence[CompanyRow]) -> list[RowResult]:
    """Every row as the store has it at Unix time `now`."""
    without_nan = client.leaves_out_nan()
    found = client.query(ages_of.now(signals_with_a_row()), now)
    ages = {(sample.labels["job"], sample.labels["signal"]): sample.value for sample in found}
    limits = {sample.labels["row"]: sample.value for sample in client.query(ages_of.LIMITS_NOW, now)}
    # A company may have hundreds of rows, each with a query of its own.
    with ThreadPoolExecutor(AT_ONCE) as threads:
        values = list(threads.map(lambda row: client.query(row.value, now), rows))
    return [
        judge(
            row,
            samples,
            ages.get((row.job, row.signal.name)),
            limits.get(row.name),
            may_be_empty=without_nan and QUANTILE in row.labels,
        )
        for row, samples in zip(rows, values, strict=True)
    ]


def judge(
    row: CompanyRow,
    samples: Sequence[Sample],
    age: float | None,
    age_limit: float | None = None,
    *,
    may_be_empty: bool = False,
) -> RowResult:
    """Pass or fail: a row passes when its newest raw sample is young enough and a value can be shown.

    Args:
        age_limit: in seconds, where it is not the row's own, as its service exports rarely.
        may_be_empty: a quantile of no request, which is NaN elsewhere, is not in the store's answers.
    """
    limit = row.maximum_age if age_limit is None else age_limit
    if age is None:
        reason = "no sample: check whether the part that sends it runs"
    elif age > limit:
        reason = f"stale: the newest sample is {age:.0f} s old, {limit:.0f} s allowed"
    elif not samples and not may_be_empty:
        reason = "samples arrive but the query gives no value"
    else:
        reason = ""
    return RowResult(
        row=row.name,
        number=row.number,
        title=row.title.read(),
        service=row.service.read(),
        unit=row.unit,
        values=[value(sample) for sample in samples],
        age=age,
        maximum_age=limit,
        passed=not reason,
        reason=reason,
    )


def value(sample: Sample) -> Value:
    # NaN is no JSON, and means that there was nothing to measure.
    return Value(dict(sample.labels), None if math.isnan(sample.value) else sample.value)


def table(results: Sequence[RowResult], *, every: bool = False) -> Table:
    """The rows for people: those that fail first, then in the order of the company's table.

    Of more than `SHOWN_ROWS` only those and all that fail, unless `every` one is wanted.
    """
    table = Table("#", "signal", "of", "value", "age", "")
    ordered = sorted(results, key=lambda result: (result.passed, result.number))
    failed = sum(not result.passed for result in results)
    shown = ordered if every else ordered[: max(SHOWN_ROWS, failed)]
    for result, after in zip(shown, [*shown[1:], None], strict=True):
        table.add_row(
            str(result.number),
            result.title,
            result.service,
            result.reason or describe(result),
            "" if result.age is None else f"{result.age:.1f} s",
            "[green]✓[/]" if result.passed else "[red]✗[/]",
            end_section=len(results) > SHOWN_ROWS and (after is None or after.service != result.service),
        )
    if len(shown) < len(results):
        table.caption = f"{len(results) - len(shown)} more rows are OK: --all shows them."
    return table


def describe(result: RowResult) -> str:
    """The values of a row in one line, the largest first; quantiles in their order."""
    known = [item for item in result.values if item.value is not None]
    if not known:
        return "no data in the window"
    by_quantile = all(QUANTILE in item.labels for item in known)
    ordered = sorted(known, key=lambda item: item.labels[QUANTILE] if by_quantile else -(item.value or 0))
    shown = [f"{name(item.labels)}{amount(item.value or 0, result.unit)}" for item in ordered[:SHOWN_VALUES]]
    rest = len(ordered) - len(shown)
    return " · ".join(shown) + (f" · {rest} more" if rest else "")


def name(labels: Mapping[str, str]) -> str:
    """What tells one series of a row from the others."""
    words = [f"p{float(text) * 100:g}" if label == QUANTILE else text for label, text in labels.items()]
    return f"{' '.join(words)}: " if words else ""


def amount(number: float, unit: str) -> str:
    """A number with its unit, as a person reads it. `unit` is UCUM, as in the signals."""
    if unit == "s":
        return f"{number * 1000:.1f} ms"
    if unit.endswith("/s"):
        return f"{number:.1f}/s"
    return f"{number:.1f} %" if unit == "%" else f"{number:g}"
