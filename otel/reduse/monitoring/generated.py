"""The files that are generated from the signals and committed; a test holds them against what would be written now."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from reduse.monitoring import grafana, rules, runbooks
from reduse.monitoring.dashboards.all import BOARDS
from reduse.monitoring.dashboards.definition import Board
from reduse.monitoring.plan import EDITIONS, plan_document
from reduse.monitoring.readme import readme_document
from reduse.monitoring.row_rules import rows_document


def _dashboard(board: Board, _before: str) -> str:
    return grafana.document(board)


def _rules(name: str, _before: str) -> str:
    return rules.documents()[name]


def _runbook(name: str, _before: str) -> str:
    return runbooks.documents()[name]


DOCUMENTS: Mapping[str, Callable[[str], str]] = {
    **{f"grafana/dashboards/{board.name}.json": partial(_dashboard, board) for board in BOARDS},
    **{f"prometheus/rules/{name}.yaml": partial(_rules, name) for name in rules.documents()},
    "prometheus/rules/rows.yaml": lambda _: rows_document(),
    **{f"docs/runbooks/{name}.md": partial(_runbook, name) for name in runbooks.documents()},
    "README.md": readme_document,
    **{edition.path: partial(plan_document, edition) for edition in EDITIONS},
}
"""Path below the repository's root, and the function that makes its text from the one that is there."""


def write(root: Path) -> list[Path]:
    """Write all files below `root`; return those that changed.

    Raises:
        OSError: a file can't be read or written.
    """
    changed = []
    for name, document in DOCUMENTS.items():
        path = root / name
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        text = document(before)
        if text != before:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed
