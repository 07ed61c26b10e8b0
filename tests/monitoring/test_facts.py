"""Facts of a company: series that the rules of every company join on."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given

from reduse.monitoring import companies, facts
from reduse.monitoring.origin import Origin
from reduse.monitoring.signals.service import policies
from reduse.watch.company import Company
from reduse.yaml_text import read_yaml
from tests.watch import strategies

ORIGIN = Origin("watch.yaml")


def recorded(company: Company, name: str) -> list[dict[str, str]]:
    """Labels of the facts of this name, with their value."""
    return [
        {**rule["labels"], "value": rule["expr"]}
        for rule in read_yaml(facts.document(company, ORIGIN))["groups"][0]["rules"]
        if rule["record"] == name
    ]


def test_each_row_is_one_fact() -> None:
    company = companies.parse("company: Test\nservices: [{name: shop.api, title: 'Shop, \"das\"'}]")
    assert recorded(company, "row:info")[0] == {
        "row": "shop.api.requests",
        "job": "shop.api",
        "signal": "requests",
        "service": 'Shop, "das"',
        "title": "RPS",
        "value": "vector(1)",
    }


def test_objectives_are_budgets_with_the_threshold_as_the_bucket_has_it() -> None:
    company = companies.parse(
        """
        company: Test
        services:
          - name: pay
            namespace: eu
            duration_bounds: [300ms, 0.01ms]
            objectives:
              - {goal: availability, target: 99.9%}
              - {goal: latency, target: 99%, threshold: 300ms}
              - {goal: latency, target: 90%, threshold: 1s, name: slow}
              - {goal: latency, target: 50%, threshold: 0.01ms, name: at once}
        """
    )
    told = {(fact["objective"], fact.get("threshold"), fact["value"]) for fact in recorded(company, facts.BUDGET)}
    assert told == {
        ("availability", None, "vector(0.001)"),
        ("latency", "0.3", "vector(0.01)"),
        ("slow", "1", "vector(0.1)"),
        ("at once", "0.00001", "vector(0.5)"),
    }
    assert {fact["job"] for fact in recorded(company, facts.BUDGET)} == {"eu/pay"}


def test_a_limit_is_called_as_the_processor_calls_it() -> None:
    company = companies.parse(
        """
        company: Test
        services:
          - name: pay
            users: true
            limits: [{requests_per_second: 50}, {requests_per_second: 0.5, refused: 0.1%}]
        """
    )
    assert [(fact["service"], fact["limit"], fact["value"]) for fact in recorded(company, facts.REFUSED)] == [
        ("pay", "50", "vector(0.01)"),
        ("pay", "0.5", "vector(0.001)"),
    ]


def test_a_limit_of_a_policy_is_called_as_the_processor_calls_it() -> None:
    company = companies.parse(
        """
        company: Test
        services:
          - name: pay
            users: true
            policies:
              - name: price
                routes: [POST /price]
                limits: [{requests: 60, per: minute, touched: 2%}, {requests: 0.5, per: second, refused: 0.1%}]
        """
    )
    assert [(fact["policy"], fact["limit"], fact["value"]) for fact in recorded(company, policies.REFUSED)] == [
        ("price", "60/minute", "vector(0.01)"),
        ("price", "0.5/second", "vector(0.001)"),
    ]
    assert [(fact["service"], fact["limit"], fact["value"]) for fact in recorded(company, policies.TOUCHED)] == [
        ("pay", "60/minute", "vector(0.02)")
    ]


@given(strategies.companies())
def test_no_two_facts_are_one_series(company: Company) -> None:
    """Prometheus would refuse the second."""
    made = [(rule.record, tuple(sorted(rule.labels.items()))) for rule in facts.facts(company)]
    assert len(set(made)) == len(made)


@pytest.mark.slow
@given(strategies.companies())
def test_the_file_is_read_back_as_it_was_meant(company: Company) -> None:
    [group] = read_yaml(facts.document(company, ORIGIN))["groups"]
    assert [rule["labels"] for rule in group["rules"]] == [dict(rule.labels) for rule in facts.facts(company)]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on PATH: install the package prometheus")
@pytest.mark.parametrize(
    "company",
    [
        strategies.ONE_SERVICE,
        strategies.many(200, 50),
        Company.model_validate({"company": "Odd", "services": [{"name": name} for name in strategies.ODD_NAMES]}),
    ],
    ids=["one service", "many", "odd names"],
)
def test_promtool_takes_them(tmp_path: Path, company: Company) -> None:
    file = tmp_path / "company.yaml"
    file.write_text(facts.document(company, ORIGIN), encoding="utf-8")
    result = subprocess.run(
        ["promtool", "check", "rules", file], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
