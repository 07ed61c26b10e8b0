"""The table of a company's rows in its monitoring plan, in each of its languages."""

from reduse.monitoring.marks import cell, replace_between_marks
from reduse.monitoring.table import CompanyRow, rows
from reduse.watch.company import Company


def table(company: Company, language: str) -> str:
    """The table as Markdown, with the company's texts in this language if it has them."""
    columns = company.columns
    head = [columns.metric, columns.labels, columns.service, columns.motivation]
    lines = [_line(*(cell(text.read(language)) for text in head)), "|---|---|---|---|"]
    return "\n".join([*lines, *(_row(row, language) for row in rows(company))])


def _row(row: CompanyRow, language: str) -> str:
    labels = ", ".join(f"`{label}`" for label in row.labels)
    texts = [cell(text.read(language)) for text in (row.title, row.service, row.motivation)]
    return _line(texts[0], labels, texts[1], texts[2])


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def language_of(file: str) -> str:
    """The language of a plan called `plan.LANGUAGE.md`; English if its name has none."""
    parts = file.removesuffix(".md").rsplit("/", 1)[-1].split(".")
    return parts[-1] if len(parts) > 1 else "en"


def plan_document(company: Company, file: str, text: str) -> str:
    """The plan `text` with the current table; `file`: its name, which contains its language.

    Raises:
        ValueError: the plan has lost the marks around the table.
    """
    return replace_between_marks(text, table(company, language_of(file)), file)
