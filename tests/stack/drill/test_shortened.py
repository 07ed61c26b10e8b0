"""Rules with shorter windows are the same rules otherwise."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from reduse.stack.drill.shortened import SHORTEST, shortened
from tests.waiting import PATIENCE_SECONDS

RULES = sorted((Path(__file__).parents[3] / "prometheus/rules").glob("*.yaml"))
DURATIONS = re.compile(r"\[\d+[smhd]\]|offset \d+[smhd]|(?:for|keep_firing_for|interval): \d+[smhd]")


def test_windows_and_waits_are_shorter_and_ages_stay() -> None:
    text = "x:\n  expr: rate(a[5m] offset 5m) and last_over_time(b[30s] offset 10s)\n  for: 1m\n  keep_firing_for: 5m\n"
    assert shortened(text, 10) == (
        "x:\n  expr: rate(a[30s] offset 30s) and last_over_time(b[30s] offset 10s)\n  for: 6s\n  keep_firing_for: 30s\n"
    )


def test_the_window_for_services_that_export_each_minute_stays() -> None:
    assert shortened("rate(a[200s])", 10) == "rate(a[200s])"


def test_a_window_keeps_some_samples() -> None:
    assert shortened("rate(a[1m])", 60) == f"rate(a[{SHORTEST}s])"


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_nothing_but_durations_changes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert DURATIONS.sub("", shortened(text, 10)) == DURATIONS.sub("", text)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on PATH: install the package prometheus")
@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_promtool_takes_shortened_rules(path: Path, tmp_path: Path) -> None:
    file = tmp_path / path.name
    file.write_text(shortened(path.read_text(encoding="utf-8"), 10), encoding="utf-8")
    result = subprocess.run(
        ["promtool", "check", "rules", file], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
