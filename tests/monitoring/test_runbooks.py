"""Runbooks: one for each alert, with queries that Prometheus takes and names that are recorded."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reduse.monitoring import rendering, runbooks
from reduse.monitoring.origin import Origin
from reduse.monitoring.rendering import Surroundings
from reduse.settings.stack import Settings
from reduse.yaml_text import read_yaml, write_yaml
from tests.reference import COMPANY
from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
RUNBOOKS = sorted(path for path in (ROOT / "docs/runbooks").glob("*.md") if path.stem != "README")
JOBS = ("alertmanager", "collector-agent", "collector-gateway", "reduse-processor", "prometheus")
SECTIONS = ["## Check", "## Fix", "## Not an incident if", "## Resolved when"]
RECORDED_NAME = re.compile(r"\b[a-z_]+:[a-z_]+:[a-z_0-9]+\b")
QUERY = re.compile(r"```promql\n(.*?)\n```", re.DOTALL)

each = pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)


def rules() -> list[dict[str, Any]]:
    files = (ROOT / "prometheus/rules").glob("*.yaml")
    groups = [group for file in files for group in read_yaml(file.read_text(encoding="utf-8"))["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def facts() -> list[dict[str, Any]]:
    """What rules are told of the reference company."""
    text = (ROOT / "company/generated/rules/company.yaml").read_text(encoding="utf-8")
    return [rule for group in read_yaml(text)["groups"] for rule in group["rules"]]


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    assert {path.stem for path in RUNBOOKS} == alerts
    for rule in rules():
        if "alert" in rule:
            assert rule["annotations"]["runbook_url"] == f"http://127.0.0.1:8090/runbooks/{rule['alert']}"


def test_the_list_has_them_all_with_their_severities() -> None:
    text = (ROOT / "docs/runbooks/README.md").read_text(encoding="utf-8")
    severities: dict[str, set[str]] = {}
    for rule in rules():
        if "alert" in rule:
            severities.setdefault(rule["alert"], set()).add(rule["labels"]["severity"])
    found = dict(re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| ([a-z, ]+) \|", text, re.MULTILINE))
    assert {name: set(listed.split(", ")) for name, listed in found.items()} == severities


@pytest.mark.slow
@pytest.mark.parametrize(
    ("base", "expected"),
    [
        (runbooks.DEFAULT_BASE, "http://127.0.0.1:8090/runbooks/ConsumersGone"),
        ("https://wiki.example.org/runbooks/", "https://wiki.example.org/runbooks/ConsumersGone"),
        ("https://git.example.org/docs/*.md#top", "https://git.example.org/docs/ConsumersGone.md#top"),
    ],
)
def test_another_address_of_the_runbooks_is_that_of_rules_and_dashboards(base: str, expected: str) -> None:
    assert runbooks.address("ConsumersGone", base) == expected
    surroundings = Surroundings(ROOT, addresses=dict.fromkeys(JOBS, "h:1"), runbooks=base)
    files = rendering.documents(COMPANY, Origin("watch.yaml"), surroundings)
    for name in ("rules/queue.yaml", "victoriametrics/rules/queue.yaml", "grafana/dashboards/queue.json"):
        assert expected in files[name], name
    told = read_yaml(files["rules/queue.yaml"])["groups"]
    found = [rule["annotations"]["runbook_url"] for group in told for rule in group["rules"] if "alert" in rule]
    assert expected in found
    assert json.loads(files["grafana/dashboards/queue.json"])
    if base != runbooks.DEFAULT_BASE:
        assert not [name for name, text in files.items() if runbooks.DEFAULT_BASE in text]


def test_the_default_address_is_that_of_a_stack_on_its_default_ports_and_the_gateways() -> None:
    assert Settings.model_construct().runbooks == runbooks.DEFAULT_BASE
    gateway = (ROOT / "collector-config/gateway.yaml").read_text(encoding="utf-8")
    assert f"${{env:REDUSE_RUNBOOK_URL:-{runbooks.DEFAULT_BASE}}}" in gateway
    assert runbooks.DEFAULT_BASE in (ROOT / "collector/store/factory.go").read_text(encoding="utf-8")


@each
def test_it_says_what_to_look_at_what_to_do_and_when_it_is_over(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.stem}\n")
    assert [line for line in text.splitlines() if line.startswith("## ")] == SECTIONS
    assert QUERY.search(text)


@each
def test_what_it_names_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    recorded = {rule["record"] for rule in (*rules(), *facts()) if "record" in rule}
    assert set(RECORDED_NAME.findall(text)) <= recorded
    for link in re.findall(r"\]\((\w+\.md)\)", text):
        assert (path.parent / link).exists()
    for name in re.findall(r"`((?:docs|prometheus|collector-config|services|otel)/[\w./-]+)`", text):
        assert (ROOT / name).exists(), name


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on PATH: install the package prometheus")
def test_prometheus_takes_every_query(tmp_path: Path) -> None:
    queries = [query for path in RUNBOOKS for query in QUERY.findall(path.read_text(encoding="utf-8"))]
    document = [{"record": f"level:query{number}:operation", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "queries.yaml"
    file.write_text(write_yaml({"groups": [{"name": "runbooks", "rules": document}]}), encoding="utf-8")
    result = subprocess.run(
        ["promtool", "check", "rules", file], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
