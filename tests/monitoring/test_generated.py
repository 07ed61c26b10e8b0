"""Generated files: what is committed is what the signals give."""

from pathlib import Path

import pytest

from reduse.monitoring.generated import DOCUMENTS, write
from reduse.monitoring.marks import BEGIN, END
from reduse.monitoring.plan import EDITIONS
from reduse.monitoring.readme import readme_document
from reduse.monitoring.reference_rows import SIGNALS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_committed_file_is_up_to_date(name: str) -> None:
    """To mend: python -m reduse.monitoring."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text == DOCUMENTS[name](text)


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("README.md", *(edition.path for edition in EDITIONS)):
        (tmp_path / name).write_text(f"before\n{BEGIN}\n{END}\nafter\n", encoding="utf-8")
    assert sorted(write(tmp_path)) == sorted(tmp_path / name for name in DOCUMENTS)
    (tmp_path / "prometheus/rules/rows.yaml").write_text("stale", encoding="utf-8")
    assert write(tmp_path) == [tmp_path / "prometheus/rules/rows.yaml"]
    assert write(tmp_path) == []


def test_the_readme_keeps_what_is_around_its_table() -> None:
    text = readme_document(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert all(signal.value in text for signal in SIGNALS)


def test_a_readme_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        readme_document("no table here")
