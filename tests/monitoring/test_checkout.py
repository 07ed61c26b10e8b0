"""Generated files of this project: what is committed is what follows from the signals and the reference company."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from reduse.monitoring import checkout, companies
from reduse.monitoring.marks import BEGIN, END, cell
from reduse.monitoring.readme import readme_document
from reduse.monitoring.table import rows

ROOT = Path(__file__).parents[2]
FILE = ROOT / "company/watch.yaml"
REFERENCE = companies.load(FILE)


@cache
def documents() -> Mapping[str, str]:
    """When first asked for and not at import, which every worker does."""
    return checkout.documents(ROOT, REFERENCE, FILE)


@pytest.mark.slow
def test_every_committed_file_is_up_to_date() -> None:
    """To mend: ./reduse render."""
    committed = {name: (ROOT / name).read_text(encoding="utf-8") for name in documents()}
    assert [name for name, text in documents().items() if committed[name] != text] == []


@pytest.mark.slow
def test_the_guide_for_contributors_lists_every_generated_file() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = guide.partition("## Generated files")[2].partition("\n## ")[0]
    patterns = [pattern + "**" if pattern.endswith("/") else pattern for pattern in re.findall(r"`([^`]+)`", table)]
    listed = {
        path.relative_to(ROOT).as_posix()
        for pattern in patterns
        if "/" in pattern or "." in pattern
        for path in ROOT.glob(pattern)
        if " " not in pattern
    }
    folders = {name for name in listed if (ROOT / name).is_dir()}
    missing = {name for name in documents() if name not in listed and not any(name.startswith(f) for f in folders)}
    assert missing == set()


def test_no_generated_file_lies_there_that_nothing_makes() -> None:
    assert checkout.stale(ROOT, documents(), "company") == []


def copied(folder: Path) -> Path:
    """What people write, with nothing between the marks."""
    for name in ("README.md", "company/plan/plan.md", "company/plan/plan.ru.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"before\n{BEGIN}\n{END}\nafter\n", encoding="utf-8")
    (folder / "company/watch.yaml").write_text(FILE.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_only_what_changed_is_written_and_only_generated_files_go(tmp_path: Path) -> None:
    root = copied(tmp_path)
    file = root / "company/watch.yaml"
    first = checkout.write(root, REFERENCE, file)
    assert {"README.md", "prometheus/rules/rows.yaml", "company/generated/rules/company.yaml"} <= set(first.written)
    (root / "prometheus/rules/rows.yaml").write_text("stale", encoding="utf-8")
    old = root / "docs/runbooks/Gone.md"
    old.write_text((root / "docs/runbooks/Watchdog.md").read_text(encoding="utf-8"), encoding="utf-8")
    (root / "docs/runbooks/README.md").write_text("by hand", encoding="utf-8")
    second = checkout.write(root, REFERENCE, file)
    assert (second.written, second.removed) == (("prometheus/rules/rows.yaml",), ("docs/runbooks/Gone.md",))
    assert not checkout.write(root, REFERENCE, file)
    assert (root / "docs/runbooks/README.md").read_text(encoding="utf-8") == "by hand"


def test_the_readme_keeps_what_is_around_its_table() -> None:
    text = readme_document(REFERENCE, f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert all(cell(row.value) in text for row in rows(REFERENCE))


def test_a_readme_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        readme_document(REFERENCE, "no table here")
