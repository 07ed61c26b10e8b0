"""Recording rules and alerts, held against the signals and run by promtool."""

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reduse.monitoring.ages import AGE, LIMIT
from reduse.monitoring.promql import selector
from reduse.monitoring.signals import signals_with_a_row
from reduse.monitoring.table import CompanyRow
from reduse.yaml_text import read_yaml, write_yaml
from tests.prometheus.asked_for import copy_with_rules_asked_for
from tests.reference import COMPANY, ROWS

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "prometheus"
RULE_FILES = sorted(PROMETHEUS.glob("rules/*.yaml"))
TEST_FILES = sorted(PROMETHEUS.glob("tests/*.yaml"))
COMPANY_RULES = ROOT / "company/generated/rules/company.yaml"
RUNBOOKS = ROOT / "docs/runbooks"

RECORDED_NAME = re.compile(r"[a-z_]+:[a-z_]+:[a-z_0-9]+")

FEWEST_ALERT_TESTS = 3
"""Of each alert: that it fires, that it does not just below, and an edge."""

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not on PATH: install the package prometheus"
)

RAW_SERIES = {
    'http_server_request_duration_seconds_count{job="JOB",instance="a",http_response_status_code="200"}': "0+1x60",
    'http_server_request_duration_seconds_bucket{job="JOB",instance="a",le="1"}': "0+1x60",
    'http_server_request_duration_seconds_bucket{job="JOB",instance="a",le="+Inf"}': "0+1x60",
    'process_cpu_time_seconds_total{job="JOB",instance="a",type="user"}': "0+0.1x60",
    'reduse_user_rate_per_second{job="reduse-processor",instance="p",service="mes-api",user="other"}': "1x60",
    'reduse_user_requests_total{job="reduse-processor",instance="p",service="mes-api",identity="user"}': "0+1x60",
    'postgresql_backends{job="shop-db",instance="h:1",postgresql_database_name="shop"}': "5x60",
    'postgresql_backends{job="mes-db",instance="h:2",postgresql_database_name="mes"}': "5x60",
    'rabbitmq_message_current{job="rabbitmq",instance="h:3",rabbitmq_queue_role="work",state="ready"}': "1x60",
    'rabbitmq_message_current{job="rabbitmq",instance="h:3",rabbitmq_queue_role="dead_letter",state="ready"}': "1x60",
}
"""The series that arrive, with labels as the collector was seen to write them; JOB stands for each of the services."""


def rules_of(path: Path) -> Iterator[dict[str, Any]]:
    for group in read_yaml(path.read_text(encoding="utf-8"))["groups"]:
        yield from group["rules"]


def rules() -> Iterator[dict[str, Any]]:
    for path in RULE_FILES:
        yield from rules_of(path)


def alerts() -> Iterator[dict[str, Any]]:
    return (rule for rule in rules() if "alert" in rule)


def promtool_tests(kind: str) -> Iterator[dict[str, Any]]:
    """Each entry of `alert_rule_test` or `promql_expr_test`, of all files."""
    for path in TEST_FILES:
        for test in read_yaml(path.read_text(encoding="utf-8"))["tests"]:
            yield from test.get(kind, [])


def promtool(*arguments: str | Path) -> None:
    # It makes and drops many small things: a third of its time would go into collecting them, and a sixth of the rest
    # into handing them from core to core.
    environment = os.environ | {"GOGC": "800", "GOMAXPROCS": "1"}
    command = ["promtool", *arguments]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_recorded_names_are_level_metric_operation() -> None:
    for rule in rules():
        if "record" in rule:
            assert RECORDED_NAME.fullmatch(rule["record"]), rule["record"]


def test_every_recorded_name_that_a_row_shows_is_recorded() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for row in ROWS:
        shown = set(RECORDED_NAME.findall(row.value))
        assert shown
        assert shown <= recorded


def test_every_signal_that_is_a_row_has_an_age_and_a_limit_of_it() -> None:
    ages = [rule["labels"]["signal"] for rule in rules() if rule.get("record") == "job_signal:sample_age_seconds:min"]
    assert ages == [signal.name for signal in signals_with_a_row()]
    limits = [rule["expr"] for rule in rules() if rule.get("record") == "row:sample_age_limit:seconds"]
    assert [name for limit in limits for name in dict.fromkeys(re.findall('signal="([^"]*)"', limit))] == ages


def test_every_alert_says_how_bad_what_and_where_to_look() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in {"critical", "warning", "none"}
        assert rule["annotations"].keys() == {"summary", "description", "runbook_url", "dashboard"}, rule["alert"]
        assert all(rule["annotations"].values()), rule["alert"]


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    runbooks = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    assert runbooks == {rule["alert"] for rule in alerts()}


@pytest.mark.slow
def test_every_rule_file_has_a_promtool_test() -> None:
    """`RULES.yaml`, or several `RULES-PART.yaml`, each of which loads the file that it is named after."""
    assert {path.stem for path in RULE_FILES} == {path.stem.partition("-")[0] for path in TEST_FILES}
    for path in TEST_FILES:
        document = read_yaml(path.read_text(encoding="utf-8"))
        assert f"../rules/{path.stem.partition('-')[0]}.yaml" in document["rule_files"], path.name


@pytest.mark.slow
def test_every_alert_is_tested_to_fire_not_to_fire_and_at_an_edge() -> None:
    fires = Counter(test["alertname"] for test in promtool_tests("alert_rule_test") if test["exp_alerts"])
    silent = Counter(test["alertname"] for test in promtool_tests("alert_rule_test") if not test["exp_alerts"])
    for name in {rule["alert"] for rule in alerts()}:
        assert fires[name] + silent[name] >= FEWEST_ALERT_TESTS, name
        assert fires[name], name
        assert silent[name], name
    assert fires.keys() | silent.keys() == {rule["alert"] for rule in alerts()}


@pytest.mark.slow
def test_every_promtool_test_of_an_alert_has_its_rule_loaded() -> None:
    """An alert that no file of the test has would never fire, and nobody would see why."""
    for path in TEST_FILES:
        document = read_yaml(path.read_text(encoding="utf-8"))
        loaded = {rule.get("alert") for name in document["rule_files"] for rule in rules_of(path.parent / name)}
        tested = {entry["alertname"] for test in document["tests"] for entry in test.get("alert_rule_test", [])}
        assert tested <= loaded, path.name


@pytest.mark.slow
def test_every_recorded_name_is_expected_by_a_promtool_test() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    asked = {name for test in promtool_tests("promql_expr_test") for name in RECORDED_NAME.findall(test["expr"])}
    assert asked == recorded


@needs_promtool
def test_promtool_takes_the_rules() -> None:
    promtool("check", "rules", *RULE_FILES)


@needs_promtool
def test_promtool_takes_the_configuration(tmp_path: Path) -> None:
    """With the targets beside it that whoever starts the parts writes."""
    shutil.copytree(PROMETHEUS, tmp_path, dirs_exist_ok=True)
    (tmp_path / "targets").mkdir()
    for part in ("prometheus", "agent", "gateway", "processor", "alertmanager"):
        (tmp_path / "targets" / f"{part}.json").write_text('[{"targets": ["127.0.0.1:1"]}]', encoding="utf-8")
    promtool("check", "config", tmp_path / "prometheus.yml")


@needs_promtool
@pytest.mark.slow
@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.stem)
def test_promtool_test_passes(path: Path, tmp_path: Path) -> None:
    promtool("test", "rules", copy_with_rules_asked_for(path, tmp_path))


def young(row: CompanyRow) -> str:
    """PromQL of 1 where its newest sample is as young as it has to be."""
    age = f"{AGE}{selector(job=row.job, signal=row.signal.name)}"
    return f"max({age}) <= bool max({LIMIT}{selector(row=row.name)})"


@pytest.mark.slow
@needs_promtool
def test_every_row_has_a_value_and_a_fresh_sample_when_the_raw_series_arrive(tmp_path: Path) -> None:
    input_series = [
        {"series": series.replace("JOB", job), "values": values}
        for series, values in RAW_SERIES.items()
        for job in ([service.job for service in COMPANY.services] if "JOB" in series else [""])
    ]
    expectations = [
        {"expr": expression, "eval_time": "50s", "exp_samples": [{"labels": "{}", "value": 1}]}
        for row in ROWS
        for expression in (f"count({row.value}) > bool 0", young(row))
    ]
    document = {
        "rule_files": [*map(str, RULE_FILES), str(COMPANY_RULES)],
        "evaluation_interval": "1s",
        "tests": [{"interval": "1s", "input_series": input_series, "promql_expr_test": expectations}],
    }
    path = tmp_path / "rows.yaml"
    path.write_text(write_yaml(document), encoding="utf-8")
    promtool("test", "rules", path)
