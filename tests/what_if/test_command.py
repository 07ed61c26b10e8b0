"""The command, on a history of its own."""

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reduse.cli.main import app
from reduse.recommendation.errors import ChoiceError, RecommendationError
from tests.history.windows import SERVICE, mark_whole, windows, write_journal

LENGTH = 300


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_journal(tmp_path, "a_20260921T13_0", windows(LENGTH, int(time.time()) - LENGTH - 5, users=9))
    mark_whole(tmp_path, "a")
    return tmp_path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False, standalone_mode=False)
    assert not result.exception, result.output
    return result.output


def what_if(folder: Path, *arguments: str) -> str:
    return run("what-if", "--service", SERVICE, "--history", str(folder), "--window", "10m", *arguments)


def test_one_limit_is_shown_with_its_hours_and_users(folder: Path) -> None:
    shown = what_if(folder, "--limit", "4/minute", "--users", "3", "--policy", "price")
    for words in ("4/minute", "policy price", "most requests rejected", "Not recorded", "429"):
        assert words in " ".join(shown.split())


def test_json_has_what_is_documented(folder: Path) -> None:
    found = json.loads(what_if(folder, "--limit", "4", "--per", "minute", "--limit", "5/s", "--json"))
    page = (Path(__file__).parents[2] / "docs" / "rate-limits.md").read_text()
    keys = {*found, *found["limits"][0], *found["limits"][0]["hours"][0], *found["limits"][0]["users"][0]}
    assert [each["limit"] for each in found["limits"]] == ["4/minute", "5/second"]
    assert all(f"`{key}`" in page for key in keys), [key for key in keys if f"`{key}`" not in page]


def test_a_found_limit_and_its_snippet(folder: Path) -> None:
    given = ["recommend", "--service", SERVICE, "--history", str(folder), "--window", "10m", "--search"]
    found = json.loads(run(*given, "--per", "minute", "--touched", "5", "--json"))
    assert found["recommended"]["limit"].endswith("/minute")
    assert found["recommended"]["touched_share"] <= 0.05
    assert "limit_req zone=" in run(*given, "--touched", "5", "--snippet", "nginx")


def test_what_was_throttled_is_shown_beside_what_is_predicted(folder: Path) -> None:
    given = ["recommend", "--service", SERVICE, "--history", str(folder), "--window", "10m", "--verify"]
    shown = run(*given, "--limit", "4/minute")
    assert "throttled (429)" in shown
    found = json.loads(run(*given, "--limit", "4/minute", "--json"))
    assert found["predicted"] == sum(hour["predicted"] for hour in found["hours"]) > 0
    assert found["throttled"] > 0


def test_errors_have_the_exit_status_of_recommend(folder: Path) -> None:
    with pytest.raises(ChoiceError) as wrong:
        what_if(folder, "--limit", "4/week")
    assert wrong.value.exit_code == 2
    with pytest.raises(RecommendationError) as nothing:
        what_if(folder / "none", "--limit", "4/minute")
    assert nothing.value.exit_code == 1
