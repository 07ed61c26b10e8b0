"""The rows of a company's table, in order: each is a signal of a part."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reduse.monitoring.definition import Of, Row, Signal
from reduse.monitoring.signals import signals_with_a_row
from reduse.watch.company import Company, Part
from reduse.watch.service import USERS, Service
from reduse.watch.text import Text


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """One row. `number`: its position, from 1, for display only; it is identified by its name."""

    number: int
    signal: Signal
    part: Part
    title: Text
    motivation: Text

    @property
    def definition(self) -> Row:
        """The row of the signal."""
        if self.signal.row is None:
            raise ValueError(f"{self.signal.name} of a {self.signal.of} is no row")
        return self.signal.row

    @property
    def name(self) -> str:
        """Value of the label `row`: `<job>.<signal>`."""
        return f"{self.part.job}.{self.signal.name}"

    @property
    def job(self) -> str:
        return self.part.job

    @property
    def service(self) -> Text:
        """The display name of the part."""
        return self.part.shown

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that distinguish the series of the value."""
        return self.definition.labels

    @property
    def unit(self) -> str:
        """UCUM."""
        return self.definition.unit

    @property
    def value(self) -> str:
        """PromQL of the displayed value, with one series for each combination of `labels`; NaN if it is undefined."""
        return self.definition.value_of(self.part.job)

    @property
    def maximum_age(self) -> float:
        """In seconds; `ages.LIMIT` records the higher value for services that export less often."""
        return self.definition.maximum_age


def rows(company: Company) -> tuple[CompanyRow, ...]:
    """The rows of the company's file, or the default rows of its parts if it names none.

    Raises:
        KeyError: a row names an unknown part or signal; `companies.load` rejects such files.
    """
    chosen = _default_rows(company) if company.table is None else _named_rows(company)
    return tuple(
        CompanyRow(number, signal, part, title, motivation)
        for number, (signal, part, title, motivation) in enumerate(chosen, 1)
    )


_Chosen = tuple[Signal, Part, Text, Text]


def _named_rows(company: Company) -> Iterator[_Chosen]:
    known: Mapping[tuple[str, str], Signal] = {(signal.of, signal.name): signal for signal in signals_with_a_row()}
    for told in company.table or ():
        part = company.part(told.of)
        signal = known[part.kind, told.signal]
        yield _chosen(signal, part, told.title, told.motivation)


def _default_rows(company: Company) -> Iterator[_Chosen]:
    for part in company.parts:
        for signal in signals_with_a_row(Of(part.kind)):
            if signal.row and signal.row.by_default and _is_measured(signal, part):
                yield _chosen(signal, part)


def _is_measured(signal: Signal, part: Part) -> bool:
    return signal.name != USERS or not isinstance(part, Service) or part.users


def _chosen(signal: Signal, part: Part, title: Text | None = None, motivation: Text | None = None) -> _Chosen:
    if signal.row is None:
        raise ValueError(f"{signal.name} of a {signal.of} is no row")
    return signal, part, title or signal.row.title, motivation or signal.row.motivation
