"""The reference company, whose processes the whole stack runs in tests."""

from pathlib import Path

from reduse.monitoring import companies
from reduse.monitoring.dashboards.boards import boards
from reduse.monitoring.table import CompanyRow, rows

ROOT = Path(__file__).parents[1]
WATCH = ROOT / "company/watch.yaml"
COMPANY = companies.load(WATCH)
ROWS = rows(COMPANY)
BOARDS = boards(COMPANY)


def row(name: str) -> CompanyRow:
    """The row of this name. Raises KeyError when there is none."""
    return {row.name: row for row in ROWS}[name]
