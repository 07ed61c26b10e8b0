"""What docs/existing-prometheus.md says: files are there by those names, and fit into somebody's own."""

import re
import shutil
import subprocess
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from reduse.monitoring import companies, prometheus_operator, rendering
from reduse.monitoring.origin import Origin
from reduse.monitoring.rendering import Files, Surroundings
from reduse.yaml_text import read_yaml, write_yaml
from tests.examples.guide import EXISTING_PROMETHEUS, ROOT, blocks, commands

COMPANY = companies.load(ROOT / "company" / "watch.yaml")
JOBS = ("alertmanager", "collector-agent", "collector-gateway", "reduse-processor", "prometheus")
SURROUNDINGS = Surroundings(ROOT, addresses={job: f"host-of-{job}:1" for job in JOBS})
INSTALLED = "/etc/prometheus/reduse"


@cache
def rendered() -> Files:
    return rendering.documents(COMPANY, Origin("watch.yaml"), SURROUNDINGS)


def written(folder: Path) -> Path:
    for name, text in rendered().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def named(section: str) -> list[str]:
    """Files and folders in the first column of the section's table."""
    text = EXISTING_PROMETHEUS.read_text("utf-8")
    (part,) = [part for part in re.split(r"^#+ ", text, flags=re.MULTILINE) if part.startswith(section)]
    return [name for line in re.findall(r"^\| (`.*?) \|", part, re.MULTILINE) for name in re.findall("`(.*?)`", line)]


def lacking(names: list[str], files: Files) -> list[str]:
    return [name for name in names if not any(fnmatch(file, f"{name}*") for file in files)]


def untold(names: list[str], files: Files) -> list[str]:
    return [file for file in files if not any(fnmatch(file, f"{name}*") for name in names)]


def checked(*command: str | Path) -> str:
    finished = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    # Of a rule that is there twice promtool says so, and ends well.
    assert "FAILED" not in finished.stderr
    return finished.stdout


@pytest.mark.slow
def test_the_folder_has_every_file_that_the_page_names_and_no_other_kind() -> None:
    names = named("With an existing")
    assert (lacking(names, rendered()), untold(names, rendered())) == ([], [])


@pytest.mark.slow
def test_the_operators_folder_has_them_too() -> None:
    names = named("Prometheus Operator")
    files = prometheus_operator.documents(COMPANY, Origin("watch.yaml"), SURROUNDINGS, {"release": "prometheus"})
    assert (lacking(names, files), untold(names, files)) == ([], [])


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on PATH: install the package prometheus")
def test_all_rules_are_loaded_by_a_prometheus_as_the_page_has_it(tmp_path: Path) -> None:
    folder = written(tmp_path / "reduse")
    (text,) = blocks("yaml", "Prometheus\n", EXISTING_PROMETHEUS)
    (tmp_path / "prometheus.yml").write_text(text.replace(INSTALLED, str(folder)))
    answer = checked("promtool", "check", "config", tmp_path / "prometheus.yml")
    assert f"SUCCESS: {len(list((folder / 'rules').iterdir()))} rule files found" in answer


def test_the_page_scrapes_what_the_product_scrapes_and_keeps_samples_as_late() -> None:
    (text,) = blocks("yaml", "Prometheus\n", EXISTING_PROMETHEUS)
    page, own = read_yaml(text), read_yaml(rendered()["prometheus.yml"])
    assert {job["job_name"] for job in page["scrape_configs"]} == {job["job_name"] for job in own["scrape_configs"]}
    assert page["storage"] == own["storage"]
    assert page["global"]["evaluation_interval"] == own["global"]["evaluation_interval"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("amtool") is None, reason="amtool is not on PATH: install prometheus-alertmanager")
def test_alerts_are_a_branch_of_somebodys_own_routes(tmp_path: Path) -> None:
    (command,) = commands("Alertmanager", EXISTING_PROMETHEUS)
    folder = written(tmp_path / "rendered")
    printed = checked("bash", "-c", command.replace("~/monitoring/rendered", str(folder))).strip()
    assert "|SignalMissing|" in printed
    assert set(printed.split("|")) == alerts()

    (text,) = blocks("yaml", "Alertmanager", EXISTING_PROMETHEUS)
    page: dict[str, Any] = read_yaml(text.replace("what the command above prints", printed))
    own = read_yaml(rendered()["alertmanager.yml"])
    page["route"]["routes"][0] |= own["route"]
    page["receivers"] = [page["receivers"][0], *own["receivers"]]
    page["inhibit_rules"] = own["inhibit_rules"]
    file = tmp_path / "alertmanager.yml"
    file.write_text(write_yaml(page, sort_keys=False))
    checked("amtool", "check-config", file)

    def receiver(*labels: str) -> str:
        return checked("amtool", "config", "routes", "test", f"--config.file={file}", *labels).strip()

    assert receiver("alertname=SignalMissing", "severity=critical") == "on-call"
    assert receiver("alertname=QueueGrowing", "severity=warning") == "team"
    assert receiver("alertname=Watchdog") == "heartbeat"
    assert receiver("alertname=SomebodysOwn", "severity=critical") == "everything-else"


def alerts() -> set[str]:
    """Names of all alerts of the rules."""
    groups = [group for name, text in rendered().items() if name.startswith("rules/") for group in _groups(text)]
    return {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}


def _groups(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_yaml(text)["groups"]
    return found
