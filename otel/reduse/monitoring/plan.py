"""The table of the twelve rows in the monitoring plan, as the customer drew it, in both languages."""

from collections.abc import Callable
from dataclasses import dataclass

from reduse.monitoring.marks import replace_between_marks
from reduse.monitoring.reference_rows import SIGNALS, Signal, Text


@dataclass(frozen=True, slots=True)
class Edition:
    """The plan in one language. `path` is below the repository's root, `head` names the table's columns."""

    path: str
    head: tuple[str, str, str, str]
    text: Callable[[Text], str]


RUSSIAN = Edition("docs/monitoring-plan.ru.md", ("Метрика", "Ярлыки", "Сервис", "Мотивация"), lambda text: text.ru)
ENGLISH = Edition("docs/monitoring-plan.md", ("Metric", "Labels", "Service", "Motivation"), lambda text: text.en)
EDITIONS = (RUSSIAN, ENGLISH)


def line(signal: Signal, edition: Edition) -> str:
    """One row of the Markdown table."""
    labels = ", ".join(f"`{label}`" for label in signal.labels)
    return f"| {edition.text(signal.title)} | {labels} | {signal.service} | {edition.text(signal.motivation)} |"


def table(edition: Edition, signals: tuple[Signal, ...] = SIGNALS) -> str:
    """The whole table, as Markdown."""
    head = [f"| {' | '.join(edition.head)} |", "|---|---|---|---|"]
    return "\n".join([*head, *(line(signal, edition) for signal in signals)])


def plan_document(edition: Edition, plan: str) -> str:
    """The text of the plan with its table as the signals have it now.

    Raises:
        ValueError: the plan has lost the marks around the table.
    """
    return replace_between_marks(plan, table(edition), edition.path)
