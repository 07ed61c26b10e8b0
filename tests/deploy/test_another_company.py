"""What follows from another company's file goes with our own objects, with one processor and on Kafka."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reduse.monitoring.alertmanager import Delivery
from reduse.monitoring.deployment import kubernetes
from reduse.operation import certificates
from reduse.settings.stack import load_settings
from reduse.stack import collector
from reduse.watch.company import Company
from reduse.yaml_text import read_yaml
from tests.deploy.composition import KAFKA as COMPOSE_ON_KAFKA
from tests.deploy.manifests import COMPANY_AGENT, KAFKA, PLAIN, WAYS, Applied, Object
from tests.deploy.patches import identity
from tests.monitoring.deployment.companies import ORIGIN, odd, services_only
from tests.monitoring.deployment.test_compose import composed, rendered

__all__ = ["rendered"]

SCRAPER = "reduse-scraper"
ways = pytest.mark.parametrize("applied", WAYS, ids=str)
companies = pytest.mark.parametrize("company", [odd(), services_only()], ids=["odd", "services"])


def objects(company: Company) -> list[Object]:
    texts = {
        **kubernetes.documents(company, ORIGIN),
        **kubernetes.alerting_documents(company, ORIGIN, Delivery()),
        **kubernetes.rule_documents(company, ORIGIN),
    }
    return [read_yaml(text) for text in texts.values()]


@companies
@ways
def test_no_object_of_a_company_is_one_of_ours(company: Company, applied: Applied) -> None:
    made = [("ConfigMap", "reduse", name) for name in applied.configuration_files if name != COMPANY_AGENT]
    made += [("ConfigMap", "reduse", name) for name in applied.configuration_values]
    assert {*map(identity, applied.objects), *made} & set(map(identity, objects(company))) == set()


@companies
@ways
def test_the_policy_of_a_company_is_for_the_pod_that_asks_its_databases(company: Company, applied: Applied) -> None:
    policies = [each["spec"] for each in objects(company) if each["kind"] == "NetworkPolicy"]
    for policy in policies:
        selected = policy["podSelector"]["matchLabels"].items()
        assert [name for name, each in applied.workloads.items() if selected <= each.labels.items()] == [SCRAPER]


def test_who_reads_what_follows_from_a_company_is_the_same_on_kafka() -> None:
    """So that what holds for it with one processor holds for it there."""
    assert KAFKA.workloads[SCRAPER].object == PLAIN.workloads[SCRAPER].object
    readers = [name for name, each in KAFKA.workloads.items() if COMPANY_AGENT in str(each.object)]
    assert readers == [SCRAPER]


@pytest.mark.server
@ways
def test_the_collector_takes_what_follows_from_another_company(applied: Applied, tmp_path: Path) -> None:
    binary = collector.find(load_settings())
    if binary is None:
        pytest.skip("not built: `./reduse collector`")
    scraper = applied.workloads[SCRAPER]
    [text] = [each["data"]["agent.yaml"] for each in objects(odd()) if each["metadata"]["name"] == COMPANY_AGENT]
    (tmp_path / "company.yaml").write_text(text, encoding="utf-8")
    # What is mounted in its pod: folders, and files of which each has something.
    environment = {
        name: str(tmp_path if name.endswith("_DIR") else tmp_path / "any") if value.startswith("/") else value
        for name, value in scraper.environment.items()
    }
    (tmp_path / "any").write_text("something\n")
    # The authority that the company names is among its secrets.
    certificates.ensure(tmp_path, hosts=(), now=datetime.now(UTC))
    environment |= {"ORDERS_HOST": "orders", "ARCHIVE_PORT": "5432"}
    files = {source: str(path) for source, path in scraper.files.items()}
    files["/etc/reduse-company/agent.yaml"] = str(tmp_path / "company.yaml")
    command = [str(binary), "validate", *(f"--config={files.get(source, source)}" for source in scraper.sources)]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.slow
@pytest.mark.parametrize("rendered", [odd()], indirect=True)
def test_under_compose_a_company_has_its_points_go_by_kafka(rendered: Path) -> None:
    on_kafka = dict(
        line.split("=", 1) for line in COMPOSE_ON_KAFKA.read_text().splitlines() if line and not line.startswith("#")
    )
    given = {"ORDERS_HOST": "orders", "ARCHIVE_PORT": "5432", "REDUSE_SECRETS_DIR": "/s", **on_kafka}
    services = composed(rendered, **given)["services"]
    layers = [Path(word.removeprefix("--config=")).name for word in services["agent"]["command"]]
    assert layers == ["agent.yaml", "agent-kafka.yaml", "agent-docker.yaml", "agent.yaml"]
    assert {"kafka", "kafka-topics", "worker-1", "worker-2", "worker-3"} <= services.keys()
