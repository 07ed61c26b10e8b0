"""`./reduse render`: into a folder, and of the checkout's own company."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Reduse

ROOT = Path(__file__).parents[2]

SMALL = "company: Small\nservices: [{name: only, title: Nur dieser}]\n"


@pytest.fixture
def watch(tmp_path: Path) -> Path:
    file = tmp_path / "watch.yaml"
    file.write_text(SMALL, encoding="utf-8")
    return file


@pytest.fixture
def render(reduse: Reduse) -> Reduse:
    return lambda *arguments: reduse("render", *arguments)


@pytest.mark.slow
def test_a_folder_is_written_once_and_then_as_it_was(render: Reduse, watch: Path, tmp_path: Path) -> None:
    first = render("--watch", watch, "--to", tmp_path / "to", "--json")
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    assert "rules/company.yaml" in told["written"]
    assert "Nur dieser" in (tmp_path / "to/rules/company.yaml").read_text(encoding="utf-8")
    second = render("--watch", watch, "--to", tmp_path / "to", "--json")
    assert json.loads(second.stdout)["written"] == []


@pytest.mark.slow
@pytest.mark.parametrize(("form", "name"), [("files", "alertmanager.yml"), ("operator", "alertmanager.yaml")])
def test_which_alertmanager_a_file_needs_is_said_when_it_is_written(
    render: Reduse, tmp_path: Path, form: str, name: str
) -> None:
    file = tmp_path / "watch.yaml"
    file.write_text(SMALL + "receivers: [{name: chat, webhook_url_file: hook}]\n", encoding="utf-8")
    told = render("--watch", file, "--to", tmp_path / "to", "--as", form)
    assert told.stderr.startswith(f"{name}: This needs Alertmanager 0.26 or later, for url_file. Debian 12 has 0.25: ")
    assert len(told.stderr.splitlines()) == 1


@pytest.mark.slow
def test_check_writes_nothing_and_tells_by_its_status(render: Reduse, watch: Path, tmp_path: Path) -> None:
    asked = render("--watch", watch, "--to", tmp_path / "to", "--check")
    assert asked.returncode == 1
    assert "rules/company.yaml would be written" in asked.stdout
    assert not (tmp_path / "to").exists()


@pytest.mark.slow
def test_a_file_of_somebody_else_is_named_and_kept(render: Reduse, watch: Path, tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    (tmp_path / "to/prometheus.yml").write_text("mine\n")
    refused = render("--watch", watch, "--to", tmp_path / "to")
    assert refused.returncode == 2
    assert "to/prometheus.yml was not written by" in refused.stderr
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["prometheus.yml"]


@pytest.mark.slow
def test_objects_of_the_operator_have_the_labels_that_are_given(render: Reduse, watch: Path, tmp_path: Path) -> None:
    made = render("--watch", watch, "--to", tmp_path, "--as", "operator", "--label", "release=kube")
    assert made.returncode == 0, made.stderr
    assert "release: kube" in (tmp_path / "rules/rows.yaml").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("label", ["release", "=kube", "a b=c", "release=" + "x" * 64])
def test_what_is_no_label_is_refused(render: Reduse, watch: Path, tmp_path: Path, label: str) -> None:
    refused = render("--watch", watch, "--to", tmp_path / "to", "--as", "operator", "--label", label)
    assert refused.returncode == 2
    assert "--label" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
def test_another_company_needs_a_folder(render: Reduse, watch: Path) -> None:
    refused = render("--watch", watch)
    assert refused.returncode == 2
    assert "--to" in refused.stderr


@pytest.mark.slow
def test_mistakes_of_the_file_are_lines_and_nothing_is_written(render: Reduse, watch: Path, tmp_path: Path) -> None:
    watch.write_text(SMALL + "table: [{signal: connections, of: only}]\n", encoding="utf-8")
    refused = render("--watch", watch, "--to", tmp_path / "to")
    assert refused.returncode == 2
    assert "table[0].signal (line 3)" in refused.stderr
    assert not (tmp_path / "to").exists()


@pytest.mark.slow
def test_the_checkouts_own_files_are_up_to_date(render: Reduse) -> None:
    assert render("--check").returncode == 0
