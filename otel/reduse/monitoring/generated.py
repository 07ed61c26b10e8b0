"""The files that are generated from the signals and committed; a test holds them against what would be written now."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from reduse.monitoring import agent, deployment, grafana, rules, runbooks
from reduse.monitoring.dashboards.all import BOARDS
from reduse.monitoring.dashboards.definition import Board
from reduse.monitoring.objective_rules import objectives_document
from reduse.monitoring.origin import Origin
from reduse.monitoring.plan import EDITIONS, plan_document
from reduse.monitoring.readme import readme_document
from reduse.monitoring.row_rules import rows_document
from reduse.watch import reading

WATCH = "company/watch.yaml"


def _dashboard(board: Board, _before: str) -> str:
    return grafana.document(board)


def _rules(name: str, _before: str) -> str:
    return rules.documents()[name]


def _runbook(name: str, _before: str) -> str:
    return runbooks.documents()[name]


def _of_the_company() -> Mapping[str, str]:
    company, origin = reading.read(Path(__file__).parents[3] / WATCH), Origin(WATCH)
    return {"agent.yaml": agent.document(company, origin), **deployment.documents(company, origin)}


def _generated(name: str, _before: str) -> str:
    return _of_the_company()[name]


DOCUMENTS: Mapping[str, Callable[[str], str]] = {
    **{f"grafana/dashboards/{board.name}.json": partial(_dashboard, board) for board in BOARDS},
    **{f"prometheus/rules/{name}.yaml": partial(_rules, name) for name in rules.documents()},
    "prometheus/rules/rows.yaml": lambda _: rows_document(),
    "prometheus/rules/objectives.yaml": lambda _: objectives_document(),
    **{f"docs/runbooks/{name}.md": partial(_runbook, name) for name in runbooks.documents()},
    **{f"company/generated/{name}": partial(_generated, name) for name in _of_the_company()},
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
