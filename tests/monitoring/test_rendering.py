"""All that follows from a company: as files, and as objects of the Prometheus Operator."""

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from reduse.monitoring import companies, prometheus_operator, rendering
from reduse.monitoring.origin import Origin
from reduse.monitoring.rendering import Files, Surroundings
from reduse.watch.company import Company
from reduse.yaml_text import read_yaml
from tests.watch import strategies

ROOT = Path(__file__).parents[2]
ORIGIN = Origin("watch.yaml")
JOBS = ("alertmanager", "collector-agent", "collector-gateway", "reduse-processor", "prometheus")
SURROUNDINGS = Surroundings(ROOT, addresses={job: f"host-of-{job}:1" for job in JOBS})
REFERENCE = companies.load(ROOT / "company/watch.yaml")

LARGEST_CONFIG_MAP_BYTES = 1 << 20
"""Kubernetes takes no larger object."""

MANY = strategies.many(200, 50)
each_company = pytest.mark.parametrize(
    "company",
    [
        pytest.param(strategies.ONE_SERVICE, id="one service"),
        pytest.param(MANY, id="many", marks=pytest.mark.slow),
        pytest.param(REFERENCE, id="reference", marks=pytest.mark.slow),
    ],
)


def rendered(company: Company) -> Files:
    """Each once, as the largest takes seconds."""
    return _rendered(company.model_dump_json())


@cache
def _rendered(company: str) -> Files:
    return rendering.documents(Company.model_validate_json(company), ORIGIN, SURROUNDINGS)


def write(folder: Path, files: Files) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def test_every_kind_of_file_is_there() -> None:
    files = set(rendered(REFERENCE))
    assert {
        "rules/rows.yaml",
        "rules/company.yaml",
        "prometheus.yml",
        "alertmanager.yml",
        "grafana/dashboards/overview.json",
        "grafana/dashboards/service-use.json",
        "grafana/provisioning/datasources/prometheus.yaml",
        "runbooks/SignalMissing.md",
        "plan/table.ru.md",
        "plan/table.en.md",
    } <= files


def test_every_file_says_where_it_comes_from() -> None:
    for name, text in rendered(REFERENCE).items():
        assert re.search(r"Generated from \S+ by `./reduse render`. Do not edit", text), name


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None, max_examples=15)
@given(strategies.companies(most=2))
def test_any_company_is_rendered_whole_the_same_each_time(company: Company) -> None:
    files = rendering.documents(company, ORIGIN, SURROUNDINGS)
    assert files == rendering.documents(company, ORIGIN, SURROUNDINGS)
    for name, text in files.items():
        if name.endswith(".json"):
            assert json.loads(text)["uid"].startswith("reduse-"), name
        elif name.endswith((".yaml", ".yml")):
            assert isinstance(read_yaml(text), dict), name


def test_a_plans_table_stays_a_table_whatever_the_names_are() -> None:
    company = Company.model_validate(
        {"company": "Odd", "languages": ["en"], "services": [{"name": name} for name in strategies.ODD_NAMES]}
    )
    lines = rendered(company)["plan/table.en.md"].strip().splitlines()[2:]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {5}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on PATH: install the package prometheus")
@each_company
def test_prometheus_takes_its_files(tmp_path: Path, company: Company) -> None:
    write(tmp_path, rendered(company))
    result = subprocess.run(
        ["promtool", "check", "config", tmp_path / "prometheus.yml"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
def test_rules_of_the_product_are_the_same_for_every_company_but_for_how_often_they_are_asked() -> None:
    one, many = rendered(strategies.ONE_SERVICE), rendered(MANY)
    for name in one:
        if name.startswith("rules/") and name != "rules/company.yaml":
            assert rules_of(one[name]) == rules_of(many[name])


def rules_of(text: str) -> list[tuple[str, Any]]:
    return [(group["name"], group["rules"]) for group in read_yaml(text)["groups"]]


def test_the_parts_are_scraped_where_they_are_said_to_be() -> None:
    document = read_yaml(rendered(REFERENCE)["prometheus.yml"])
    for entry in document["scrape_configs"]:
        assert entry["static_configs"] == [{"targets": [f"host-of-{entry['job_name']}:1"]}]
    assert document["alerting"]["alertmanagers"] == [{"static_configs": [{"targets": ["host-of-alertmanager:1"]}]}]


def objects(company: Company) -> dict[str, dict[str, Any]]:
    """Those of the operator: the agent's are beside them, the same as among the files."""
    return _objects(company.model_dump_json())


@cache
def _objects(company: str) -> dict[str, dict[str, Any]]:
    model = Company.model_validate_json(company)
    files = prometheus_operator.documents(model, ORIGIN, SURROUNDINGS, {"release": "kube"})
    return {name: read_yaml(text) for name, text in files.items() if not name.startswith("kubernetes/")}


@each_company
def test_the_operators_objects_hold_the_same_as_the_files(company: Company) -> None:
    files, made = rendered(company), objects(company)
    rules = {name: read_yaml(text) for name, text in files.items() if name.startswith("rules/")}
    assert {name: found["spec"] for name, found in made.items() if found["kind"] == "PrometheusRule"} == rules
    dashboards = {
        name.rpartition("/")[2]: text for name, text in files.items() if name.startswith("grafana/dashboards")
    }
    shown = [found["data"] for found in made.values() if found["kind"] == "ConfigMap"]
    assert {key.removeprefix("reduse-"): text for data in shown for key, text in data.items()} == dashboards


@each_company
def test_kubernetes_takes_names_labels_and_sizes(company: Company) -> None:
    made = objects(company).values()
    names = [found["metadata"]["name"] for found in made]
    assert len(set(names)) == len(names)
    for found in made:
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", found["metadata"]["name"])
        assert found["metadata"]["labels"]["release"] == "kube"
        if found["kind"] == "ConfigMap":
            assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
            assert sum(map(len, found["data"].values())) < LARGEST_CONFIG_MAP_BYTES
