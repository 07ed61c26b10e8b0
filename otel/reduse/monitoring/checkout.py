"""The generated files of this project's checkout. They are committed, and a test compares them with a new generation.

Files that are the same for every company are in the folders of the product; files for the company of the checkout are
beside its file.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from reduse.monitoring import agent, alertmanager, deployment, facts, metricsql, rules, runbooks
from reduse.monitoring.folder import Changes, replace
from reduse.monitoring.origin import COMMAND, Origin
from reduse.monitoring.plan import plan_document
from reduse.monitoring.readme import readme_document
from reduse.monitoring.rendering import COMPANY_RULES, Files, dashboard_files, runbook_files
from reduse.watch import reference, schema
from reduse.watch.company import Company

RULES = "prometheus/rules"
METRICSQL = "victoriametrics/rules"
DASHBOARDS = "grafana/dashboards"
RUNBOOKS = "docs/runbooks"
GENERATED = "generated"
"""Below the folder of the company's file."""

_MARK = f"by `{COMMAND}`. Do not edit"
# A generated file says so in its first lines, a dashboard in its description.
_HEAD_BYTES = 4_096


def documents(root: Path, company: Company, file: Path, base: str = runbooks.DEFAULT_BASE) -> Files:
    """The texts of all generated files below `root`. `file`: the company's; `base`: the address of the runbooks.

    Raises:
        ValueError: a document has lost the marks around its table.
        OSError: such a document cannot be read.
    """
    folder = PurePosixPath(file.parent.relative_to(root).as_posix())
    origin = Origin(file.relative_to(root).as_posix())
    generated = {
        f"rules/{COMPANY_RULES}": facts.document(company, origin),
        f"{METRICSQL}/{COMPANY_RULES}": metricsql.rules(facts.document(company, origin)),
        "alertmanager.yml": alertmanager.document(company, origin),
        "agent.yaml": agent.document(company, origin),
        **deployment.documents(company, origin),
    }
    texts = {
        **{f"{RULES}/{name}.yaml": text for name, text in rules.documents().items()},
        **{f"{METRICSQL}/{name}.yaml": metricsql.rules(text) for name, text in rules.documents().items()},
        **{f"{DASHBOARDS}/{name}": text for name, text in dashboard_files(company, origin).items()},
        **{f"{RUNBOOKS}/{name}": text for name, text in runbook_files().items()},
        **{f"{folder}/{GENERATED}/{name}": text for name, text in generated.items()},
        "docs/watch.md": reference.document(),
        "docs/watch.schema.json": schema.document(),
    }
    linked = {name: runbooks.at(base, text) for name, text in texts.items()}
    return {**linked, **dict(_tables(root, company, file.parent))}


def _tables(root: Path, company: Company, folder: Path) -> Iterator[tuple[str, str]]:
    """Hand-written documents with a generated table."""
    yield "README.md", readme_document(company, (root / "README.md").read_text(encoding="utf-8"))
    for path in sorted((folder / "plan").glob("*.md")):
        name = path.relative_to(root).as_posix()
        yield name, plan_document(company, name, path.read_text(encoding="utf-8"))


def stale(root: Path, files: Files, company_folder: str) -> list[str]:
    """Generated files that are no longer generated."""
    found = []
    for folder in (RULES, METRICSQL, DASHBOARDS, RUNBOOKS, f"{company_folder}/{GENERATED}"):
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root).as_posix()
            if name not in files and path.is_file() and _is_generated(path):
                found.append(name)
    return found


def _is_generated(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES).decode("utf-8", errors="replace")
    return _MARK in head or (path.suffix == ".json" and _MARK in path.read_text(encoding="utf-8"))


def changes(
    root: Path, company: Company, file: Path, base: str = runbooks.DEFAULT_BASE
) -> tuple[Changes, Mapping[str, str]]:
    """What `write` would do, and all texts."""
    files = documents(root, company, file, base)
    written = tuple(name for name in sorted(files) if _text_of(root / name) != files[name])
    removed = tuple(stale(root, files, file.parent.relative_to(root).as_posix()))
    return Changes(written, removed, unchanged=len(files) - len(written)), files


def write(root: Path, company: Company, file: Path, base: str = runbooks.DEFAULT_BASE) -> Changes:
    """Write changed files and remove those that are no longer generated; git has the old ones.

    Raises: as `documents`.
    """
    made, files = changes(root, company, file, base)
    for name in made.written:
        replace(root / name, files[name])
    for name in made.removed:
        (root / name).unlink()
    return made


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
