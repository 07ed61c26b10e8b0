"""The table of the twelve rows in `README.md`: what it shows, with the PromQL of each."""

from reduse.monitoring.marks import replace_between_marks
from reduse.monitoring.reference_rows import SIGNALS, Signal


def line(signal: Signal) -> str:
    """One row of the Markdown table."""
    labels = ", ".join(f"`{label}`" for label in signal.labels)
    return f"| {signal.number} | {signal.title.en} | {labels} | {signal.service} | `{signal.value}` |"


def table(signals: tuple[Signal, ...] = SIGNALS) -> str:
    """The whole table, as Markdown."""
    head = ["| # | signal | by | of | PromQL |", "|---|---|---|---|---|"]
    return "\n".join([*head, *map(line, signals)])


def readme_document(readme: str) -> str:
    """The text of the README with its table as the signals have it now.

    Raises:
        ValueError: the README has lost the marks around the table.
    """
    return replace_between_marks(readme, table(), "README.md")
