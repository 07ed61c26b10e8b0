"""Kubernetes takes the objects, and they hold what the company's file says and no secret."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from reduse.monitoring.alertmanager import Delivery
from reduse.monitoring.deployment import configuration, kubernetes, secrets
from reduse.monitoring.rendering import rule_files
from reduse.watch.company import Company
from reduse.watch.reading import parse
from reduse.yaml_text import read_yaml, read_yaml_documents
from tests.monitoring.deployment.companies import ORIGIN, odd, services_only, with_policies

VERSION = "1.37"
ROOT = Path(__file__).parents[3]


def objects(company: Company) -> dict[str, dict[str, Any]]:
    texts = {
        **kubernetes.documents(company, ORIGIN),
        **kubernetes.alerting_documents(company, ORIGIN, Delivery()),
        **kubernetes.rule_documents(company, ORIGIN),
    }
    assert all(text.startswith("# Generated from watch.yaml") for text in texts.values())
    return {path: read_yaml(text) for path, text in texts.items()}


@pytest.mark.slow
@pytest.mark.parametrize("company", [odd(), services_only(), with_policies()], ids=["odd", "services", "policies"])
def test_kubernetes_takes_every_object(company: Company) -> None:
    for each in objects(company).values():
        kubernetes_validate.validate(each, VERSION, strict=True)
        assert each["metadata"]["namespace"] == "reduse"


def test_the_scraper_gets_the_agents_file_and_its_secret_has_the_files() -> None:
    company = odd()
    text = kubernetes.documents(company, ORIGIN)["kubernetes/agent.yaml"]
    assert read_yaml(text)["data"] == {"agent.yaml": configuration.document(company, ORIGIN)}
    [keys] = [line for line in text.splitlines() if line.startswith(f"# The Secret {kubernetes.PASSWORDS}")]
    assert all(name in keys for name in secrets.names(company).values())


@pytest.mark.slow
def test_the_scraper_may_go_to_the_ports_that_are_known() -> None:
    policy = objects(odd())["kubernetes/network-policy.yaml"]
    [egress] = policy["spec"]["egress"]
    assert [each["port"] for each in egress["ports"]] == [443, 5432, 6432, 15673]
    assert "kubernetes/network-policy.yaml" not in objects(services_only())


@pytest.mark.slow
def test_processors_and_workers_read_the_limits_of_policies_where_there_are_any() -> None:
    limits = objects(with_policies())["kubernetes/processor.yaml"]
    assert limits["data"] == {"REDUSE_PROCESSOR_POLICY_LIMITS": "100 % oven/price=60/minute,5/day@2"}
    assert "kubernetes/processor.yaml" not in objects(services_only())
    for file in ("processor.yaml", "kafka/worker.yaml"):
        workload = next(read_yaml_documents((ROOT / "deploy" / "kubernetes" / file).read_text("utf-8")))
        [container] = workload["spec"]["template"]["spec"]["containers"]
        assert {"configMapRef": {"name": limits["metadata"]["name"], "optional": True}} in container["envFrom"]


def test_urls_that_are_secrets_are_named_as_files_of_a_secret() -> None:
    text = objects(odd())["kubernetes/alertmanager.yaml"]["data"]["alertmanager.yml"]
    ways = [way for receiver in read_yaml(text)["receivers"] for way in receiver.get("webhook_configs", [])]
    files = [way["url_file"] for way in ways]
    assert len(set(files)) == 2
    assert all(file.startswith(f"{kubernetes.ALERTING}/hook-") for file in files)


@pytest.mark.slow
def test_the_rules_are_evaluated_as_often_as_suits_the_number_of_services() -> None:
    services = ", ".join(f"{{name: s{number}}}" for number in range(200))
    company = parse(f"company: Many\nservices: [{services}]")
    held = objects(company)["kubernetes/rules.yaml"]["data"]
    assert held == {name: text for name, text in rule_files(company, ORIGIN).items() if name in held}
    assert read_yaml(held["red.yaml"]) != read_yaml(objects(odd())["kubernetes/rules.yaml"]["data"]["red.yaml"])


def test_the_rules_are_the_products_and_the_companys() -> None:
    found = objects(odd())
    assert "red.yaml" in found["kubernetes/rules.yaml"]["data"]
    assert list(found["kubernetes/company-rules.yaml"]["data"]) == ["company.yaml"]
