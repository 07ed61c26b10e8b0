"""The page on how to add a signal says what the code says."""

import re
from pathlib import Path

import pytest

from reduse.monitoring.definition import Alert, Of
from reduse.monitoring.groups import DATABASES
from reduse.monitoring.signals import all_signals
from reduse.monitoring.signals.database import replication_lag

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/write-a-signal.md"
TEXT = GUIDE.read_text(encoding="utf-8")
SOURCES = {
    "python": ROOT / "otel/reduse/monitoring/signals/database/replication_lag.py",
    "yaml": ROOT / "prometheus/tests/databases-replication.yaml",
}
TABLE = "table:"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def lines(text: str) -> str:
    """Without indentation."""
    return "\n".join(line.strip() for line in text.strip().splitlines())


@pytest.mark.parametrize(("language", "source"), SOURCES.items())
def test_what_is_shown_stands_in_the_file(language: str, source: Path) -> None:
    shown = [block for block in blocks(language) if not block.startswith(TABLE)]
    assert shown
    for block in shown:
        assert lines(block) in lines(source.read_text(encoding="utf-8")), block


def test_every_file_and_folder_that_it_names_is_there() -> None:
    names = re.findall(r"`((?:otel|prometheus|collector|tests|docs)/[\w./-]*\w/?)`", TEXT)
    assert len(names) > len(SOURCES)
    for name in names:
        assert (ROOT / name).exists(), name
    for name in re.findall(r"prometheus/tests/[\w-]+\.yaml", TEXT):
        assert (ROOT / name).is_file(), name


def test_the_folders_are_the_kinds_of_signals() -> None:
    told = re.search(r"one of the folders ([^;]*?) and by its name", TEXT, re.DOTALL)
    assert told is not None
    assert re.findall(r"`(\w+)`", told[1]) == [str(kind) for kind in Of]
    for kind in Of:
        assert (ROOT / "otel/reduse/monitoring/signals" / kind).is_dir()


def test_the_example_is_found_and_is_what_the_page_says() -> None:
    signal = replication_lag.SIGNAL
    assert signal in all_signals()
    [ruled] = signal.rules
    assert ruled.group == DATABASES
    assert [rule.name for rule in ruled.rules if isinstance(rule, Alert)] == ["DatabaseReplicationLags"]
    assert signal.row is not None
    assert not signal.row.by_default
    assert f"signal: {signal.name}" in TEXT


def test_nothing_else_of_the_product_names_the_example() -> None:
    """One concept, one file: whoever adds one changes no other."""
    folder = ROOT / "otel/reduse"
    naming = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix in {".py", ".md"}
        and re.search("replication_lag|ReplicationLags|wal_delay", path.read_text(encoding="utf-8"))
    }
    own = "monitoring/signals/database"
    assert naming == {f"{own}/replication_lag.py", f"{own}/DatabaseReplicationLags.md"}
