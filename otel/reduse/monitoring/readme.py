"""The table of a company's rows in `README.md`: what it shows, with the PromQL of each."""

from reduse.monitoring.marks import cell, replace_between_marks
from reduse.monitoring.table import CompanyRow, rows
from reduse.watch.company import Company


def line(row: CompanyRow) -> str:
    """One row of the Markdown table."""
    labels = ", ".join(f"`{label}`" for label in row.labels)
    return f"| {row.number} | {cell(row.title.read())} | {labels} | {cell(row.service.read())} | `{cell(row.value)}` |"


def table(company: Company) -> str:
    """The whole table, as Markdown."""
    head = ["| # | signal | by | of | PromQL |", "|---|---|---|---|---|"]
    return "\n".join([*head, *map(line, rows(company))])


def readme_document(company: Company, readme: str) -> str:
    """The text of the README with the current table.

    Raises:
        ValueError: the README has lost the marks around the table.
    """
    return replace_between_marks(readme, table(company), "README.md")
