"""`reduse watch`: a file is written, checked and compared, with exit codes that mean something."""

import json
import re
import sys
from pathlib import Path

import pytest

from reduse.cli import main as cli
from reduse.monitoring import companies
from tests.cli.conftest import Reduse
from tests.ports import free_port

WATCH = "company: Tickets\nservices:\n  - {name: tickets, uses: [tickets-db]}\ndatabases:\n"


@pytest.fixture
def reduse(reduse: Reduse, monkeypatch: pytest.MonkeyPatch) -> Reduse:
    """`reduse watch`, with a store that is not there."""
    monkeypatch.setenv("REDUSE_PROMETHEUS_PORT", str(free_port()))
    return lambda *arguments: reduse("watch", *arguments)


@pytest.fixture
def watch(tmp_path: Path) -> Path:
    file = tmp_path / "watch.yaml"
    endpoint = f"127.0.0.1:{free_port()}"
    file.write_text(f"{WATCH}  - {{name: tickets-db, endpoint: '{endpoint}', password_file: password}}\n")
    (tmp_path / "password").write_text("hunter2\n")
    (tmp_path / "password").chmod(0o600)
    return file


@pytest.mark.parametrize("command", ["init", "check", "diff", "policies", "schema"])
def test_help_has_examples(reduse: Reduse, command: str) -> None:
    assert "Example" in reduse(command, "--help").stdout


def test_schema_prints_what_is_committed(reduse: Reduse) -> None:
    committed = Path(__file__).parents[2] / "docs" / "watch.schema.json"
    assert reduse("schema").stdout == committed.read_text(encoding="utf-8")


def test_check_tells_what_is_missing_and_ends_with_1(reduse: Reduse, watch: Path) -> None:
    ended = reduse("check", "--watch", str(watch))
    assert ended.returncode == 1
    assert "nothing listens at" in ended.stdout
    assert "(unreachable)" in ended.stdout
    assert "One thing is missing." in ended.stdout
    assert "hunter2" not in ended.stdout + ended.stderr
    findings = json.loads(reduse("check", "--watch", str(watch), "--json").stdout)
    assert [(each["of"], each["state"]) for each in findings] == [("the store", "note"), ("tickets-db", "missing")]


def test_check_of_a_file_with_mistakes_ends_with_2(reduse: Reduse, watch: Path) -> None:
    watch.write_text("company: x\nservics: []\n")
    ended = reduse("check", "--watch", str(watch))
    assert ended.returncode == 2
    assert "servics (line 2): there is no such key; did you mean `services`?" in ended.stderr


def test_init_with_nothing_reachable_writes_a_file_that_can_be_read(reduse: Reduse, tmp_path: Path) -> None:
    file = tmp_path / "new" / "watch.yaml"
    ended = reduse("init", "--yes", "--output", str(file))
    assert ended.returncode == 0
    company = companies.load(file)
    assert not list(company.parts)
    schema = file.read_text(encoding="utf-8").splitlines()[0].rpartition("=")[2]
    assert (file.parent / schema).resolve() == Path(__file__).parents[2] / "docs" / "watch.schema.json"


def test_init_writes_what_it_cannot_reach_with_what_is_to_be_done(reduse: Reduse, tmp_path: Path) -> None:
    file = tmp_path / "watch.yaml"
    ended = reduse(
        *("init", "--yes", "--output", str(file), "--company", "Tickets"),
        *("--database", f"orders-db=127.0.0.1:{free_port()}", "--broker", f"http://127.0.0.1:{free_port()}"),
    )
    assert ended.returncode == 0
    assert "the file of `password_file` is not there" in ended.stdout
    company = companies.load(file)
    assert company.databases[0].name == "orders-db"
    assert "# To do: the file of `password_file` is not there" in file.read_text(encoding="utf-8")


def test_init_never_touches_a_file_that_is_there(reduse: Reduse, watch: Path) -> None:
    before = watch.read_text()
    ended = reduse("init", "--yes", "--output", str(watch))
    assert (ended.returncode, watch.read_text()) == (2, before)
    assert "already exists" in ended.stderr


def test_init_takes_no_password_on_the_command_line(reduse: Reduse, tmp_path: Path) -> None:
    ended = reduse("init", "--yes", "--output", str(tmp_path / "w.yaml"), "--database", "postgresql://a:hunter2@db")
    assert ended.returncode == 2
    assert "hunter2" not in ended.stderr
    assert not (tmp_path / "w.yaml").exists()


@pytest.mark.slow
def test_diff_tells_what_a_change_would_change(
    reduse: Reduse, watch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "rendered"
    monkeypatch.setattr(sys, "argv", ["reduse", "render", "--watch", str(watch), "--to", str(written)])
    with pytest.raises(SystemExit):
        cli.main()
    capfd.readouterr()
    same = reduse("diff", "--watch", str(watch), "--against", str(written))
    assert (same.returncode, same.stdout) == (0, "Nothing would change.\n")
    watch.write_text(watch.read_text().replace("tickets, uses", "ticketing, uses"))
    ended = reduse("diff", "--watch", str(watch), "--against", str(written))
    assert ended.returncode == 1
    assert "--- a/rules/company.yaml" in ended.stdout
    assert "\x1b" not in ended.stdout
    stat = reduse("diff", "--watch", str(watch), "--against", str(written), "--stat")
    assert stat.returncode == 1
    assert re.search(r"^rules/company\.yaml \(changed\) \+\d+ -\d+$", stat.stdout, re.MULTILINE)
    assert ended.stdout.endswith(stat.stdout)
    found = json.loads(reduse("diff", "--watch", str(watch), "--against", str(written), "--json").stdout)
    assert ("rules/company.yaml", "changed") in [(each["path"], each["kind"]) for each in found]


@pytest.mark.slow
def test_diff_without_a_stack_says_what_to_do(reduse: Reduse, watch: Path) -> None:
    ended = reduse("diff", "--watch", str(watch))
    assert ended.returncode == 2
    assert "the folder does not exist" in ended.stderr


def test_the_settings_of_policies_are_printed_for_a_shell_and_for_programs(reduse: Reduse, tmp_path: Path) -> None:
    file = tmp_path / "watch.yaml"
    file.write_text(
        "company: Tickets\nservices:\n  - name: tickets\n    users: true\n    policies:\n"
        "      - {name: seats, routes: [GET /seats], limits: [{requests: 60, per: minute, burst: 5}]}\n"
        "  - {name: mail}\n"
    )
    ended = reduse("policies", "--watch", str(file))
    assert (ended.returncode, ended.stdout.splitlines()) == (
        0,
        [
            "# tickets",
            "export REDUSE_USER_POLICIES='seats=GET /seats'",
            "# the processor",
            "export REDUSE_PROCESSOR_POLICY_LIMITS=tickets/seats=60/minute@5",
        ],
    )
    assert json.loads(reduse("policies", "--watch", str(file), "--json").stdout) == {
        "services": {"tickets": {"REDUSE_USER_POLICIES": "seats=GET /seats"}},
        "processor": {"REDUSE_PROCESSOR_POLICY_LIMITS": "tickets/seats=60/minute@5"},
    }
    file.write_text("company: Tickets\nservices: [{name: mail}]\n")
    assert reduse("policies", "--watch", str(file)).stdout == "# No service has policies.\n"
