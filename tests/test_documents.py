"""What documents name exists: files and headings that they link to, commands, settings and their defaults, alerts."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from reduse.cli.main import app
from reduse.processes import reading
from reduse.settings import table
from reduse.yaml_text import read_yaml

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
        *(path for path in (ROOT / "docs").rglob("*.md") if "decisions" not in path.parts),
        *(ROOT / "company/plan").glob("*.md"),
        *(ROOT / "examples").glob("README.md"),
        *(ROOT / "otel/reduse/monitoring/signals").rglob("*.md"),
    ]
)
"""All but decisions and the changelog, which tell of what was."""

CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
COMMAND = re.compile(r"(?<!\.)\./reduse ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
SETTING = re.compile(r"\bREDUSE_[A-Z0-9]+(?:_[A-Z0-9]+)*\b(?![_.*])")
DEFAULT = re.compile(r"`(REDUSE_[A-Z0-9_]+)` \(`?([\d.,]+|[a-z0-9.-]+)`?(?: s)?\)")
OF_AN_EXAMPLE = {"REDUSE_ORDERS_DB_PORT"}
"""docs/processes.md explains by it how names follow from names."""

RUNBOOKS = "otel/reduse/monitoring/signals"

each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def prose(path: Path) -> str:
    return CODE_BLOCK.sub("", path.read_text(encoding="utf-8"))


def links(path: Path) -> Iterator[tuple[Path, str]]:
    # Runbooks are read where they are rendered to.
    folder = ROOT / "docs/runbooks" if RUNBOOKS in path.as_posix() else path.parent
    for target in LINK.findall(prose(path)):
        if "://" not in target and not target.startswith("mailto:"):
            name, _, heading = target.partition("#")
            yield (folder / name if name else path), heading


@each_document
def test_what_it_links_to_exists(path: Path) -> None:
    for target, heading in links(path):
        assert target.exists(), target
        if heading and target.suffix == ".md":
            assert heading in {anchor(found) for found in HEADING.findall(prose(target))}, f"{target}#{heading}"


def commands() -> set[str]:
    """`up`, `watch check`, …"""
    found: set[str] = set()
    group = typer.main.get_command(app)
    for name, command in getattr(group, "commands", {}).items():
        below = getattr(command, "commands", {})
        found |= {name, *(f"{name} {each}" for each in below)}
    return found


COMMANDS = commands()
GROUPS = {name.partition(" ")[0] for name in COMMANDS if " " in name}


@each_document
def test_the_commands_that_it_names_exist(path: Path) -> None:
    for name, below in COMMAND.findall(path.read_text(encoding="utf-8")):
        assert name in COMMANDS, name
        if name in GROUPS and below:
            assert f"{name} {below}" in COMMANDS, f"{name} {below}"


def known() -> dict[str, str]:
    """Defaults of all settings, also those of the reference company."""
    rows = table.table(reading.beside(ROOT / "company/watch.yaml"))
    return {row.name: row.default or "" for row in rows}


KNOWN = known()


@each_document
def test_the_settings_that_it_names_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    unknown = {name for name in SETTING.findall(text) if name not in KNOWN} - OF_AN_EXAMPLE
    assert {name for name in unknown if not any(each.startswith(name + "_") for each in KNOWN)} == set()


def same(told: str, default: str) -> bool:
    plain = told.replace(",", "")
    try:
        return float(plain) == float(default)
    except ValueError:
        return told == default


@each_document
def test_the_defaults_that_it_tells_are_those_of_the_settings(path: Path) -> None:
    r"""Written as "`REDUSE_X` (3 s)"."""
    for name, told in DEFAULT.findall(path.read_text(encoding="utf-8")):
        assert same(told, KNOWN[name]), f"{name}: {told}, and {KNOWN[name]}"


def alerts() -> set[str]:
    groups = [read_yaml(file.read_text(encoding="utf-8"))["groups"] for file in (ROOT / "prometheus/rules").iterdir()]
    return {rule["alert"] for found in groups for group in found for rule in group["rules"] if "alert" in rule}


def test_the_guide_to_alerts_names_only_alerts_that_exist() -> None:
    named = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", (ROOT / "docs/alerts.md").read_text(encoding="utf-8")))
    assert named
    assert named - alerts() == set()
