"""`./reduse size`: figures for scripts and people, and what is wrong with a file by its name."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reduse.cli.main import app
from reduse.errors import SettingError
from reduse.sizing.costs import Costs

ASKED = ["size", "--users", "1000000", "--services", "20", "--workers", "4"]


def test_a_script_gets_everything_in_json() -> None:
    result = CliRunner().invoke(app, [*ASKED, "--die", "2", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["workers"] == 4
    assert [each["died"] for each in found["recoveries"]] == [2]
    assert found["costs"] == Costs().as_dict()


def test_people_get_tables() -> None:
    result = CliRunner().invoke(app, ASKED)
    assert result.exit_code == 0, result.output
    for word in ("1,000,000 users", "partitions", "transfer between zones"):
        assert word in result.stdout


def test_costs_come_from_the_benchmarks_file(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    file.write_text(json.dumps({**Costs().as_dict(), "bytes_per_point": 1000, "users": 5}))
    result = CliRunner().invoke(app, [*ASKED, "--bench", str(file), "--json"])
    assert json.loads(result.stdout)["costs"]["bytes_per_point"] == 1000


@pytest.mark.parametrize("text", ["[]", "{}", "no JSON", '{"kafka_worker_working_us": "1"}'])
def test_a_file_that_is_none_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bench.json"
    file.write_text(text)
    result = CliRunner().invoke(app, [*ASKED, "--bench", str(file)])
    assert isinstance(result.exception, SettingError)
    assert str(file) in str(result.exception)


def test_as_many_as_there_are_cannot_die() -> None:
    result = CliRunner().invoke(app, [*ASKED, "--die", "4"])
    assert isinstance(result.exception, SettingError)
    assert "1 to 3 can die" in str(result.exception)
