"""Every address that a pod is given leads to another's port, by a name of its certificate, and policies let it."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.deploy.manifests import FOLDER, Object, Workload, examples, of_kind, workloads

ADDRESS = re.compile(r"(?:https://)?((?:[\w-]+\.)?([\w-]+)\.reduse\.svc):(\d+)")


@dataclass(frozen=True)
class Call:
    """`caller` is told to call `host`, which is a Service or, where that is headless, one of its pods, at `port`."""

    caller: str
    host: str
    service: str
    port: int


def calls() -> Iterator[Call]:
    for each in [*workloads().values(), *map(Workload, examples())]:
        for value in each.environment.values():
            for host, service, port in ADDRESS.findall(value):
                yield Call(each.name, host, service, int(port))


CALLS = list(calls())


def called(call: Call) -> tuple[Workload, str]:
    """Whom, and the name of the port."""
    (service,) = [each for each in of_kind("Service") if each["metadata"]["name"] == call.service]
    (target,) = [port["targetPort"] for port in service["spec"]["ports"] if port["port"] == call.port]
    selector = service["spec"]["selector"].items()
    (workload,) = [each for each in workloads().values() if selector <= each.labels.items()]
    return workload, target


def test_each_part_is_called_by_those_that_send_to_it() -> None:
    assert {(call.caller, call.service) for call in CALLS} == {
        ("shop-api", "reduse-agent"),
        ("reduse-agent", "reduse-gateway"),
        ("reduse-agent", "reduse-balancer"),
        ("reduse-scraper", "reduse-gateway"),
        ("reduse-balancer", "reduse-processor"),
        ("reduse-processor", "reduse-gateway"),
    }


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.caller}-{call.host}")
def test_a_service_has_the_port_and_leads_to_a_pods_port_of_that_name(call: Call) -> None:
    workload, port = called(call)
    assert workload.ports[port] == call.port


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.caller}-{call.host}")
def test_the_name_that_is_called_is_in_the_certificate(call: Call) -> None:
    workload, _ = called(call)
    (secret,) = [
        volume["secret"]["secretName"] for folder, volume in workload.mounts.items() if folder == "/etc/reduse-tls"
    ]
    (certificate,) = [each for each in of_kind("Certificate") if each["spec"]["secretName"] == secret]
    assert {call.host, re.sub(r"^[^.]+", "*", call.host)} & set(certificate["spec"]["dnsNames"])
    assert set(certificate["spec"]["usages"]) == {"server auth", "client auth"}


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.caller}-{call.host}")
def test_policies_let_the_call_out_and_in(call: Call) -> None:
    workload, port = called(call)
    caller = workloads().get(call.caller)
    assert allows(workload, "ingress", port, caller)
    if caller is not None:
        assert allows(caller, "egress", port, workload)


def test_nothing_is_let_in_that_is_not_called_and_nobody_else_calls() -> None:
    parts = workloads().values()
    let = {
        (caller.name, each.name)
        for each in parts
        for caller in parts
        for port in each.ports
        if allows(each, "ingress", port, caller) and allows(caller, "egress", port, each)
    }
    assert let == {(call.caller, called(call)[0].name) for call in CALLS if call.caller in workloads()}


def test_everything_is_closed_first() -> None:
    closed = [each["spec"] for each in of_kind("NetworkPolicy") if each["metadata"]["name"] == "nothing-else"]
    assert closed == [{"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}]


def test_prometheus_may_read_each_parts_own_metrics() -> None:
    for each in workloads().values():
        assert any(
            "namespaceSelector" in peer and port["port"] == "metrics"
            for policy in policies(each)
            for rule in policy["spec"].get("ingress", [])
            for peer in rule["from"]
            for port in rule["ports"]
        ), each.name


@pytest.mark.parametrize("what", ["prometheus", "alertmanager"])
def test_the_gateway_is_let_out_to_prometheus_and_to_alertmanager(what: str) -> None:
    gateway = workloads()["reduse-gateway"]
    url = urlsplit(gateway.environment[f"REDUSE_{what.upper()}_URL"])
    label = f"reduse/{what}"
    ports = [
        port["port"]
        for policy in policies(gateway)
        for rule in policy["spec"].get("egress", [])
        for peer in rule["to"]
        if peer.get("namespaceSelector", {}).get("matchLabels") == {label: "true"}
        for port in rule["ports"]
    ]
    assert ports == [url.port]
    # The guide labels the namespace that the example's URL names.
    guide = (FOLDER.parents[1] / "docs" / "deploy" / "kubernetes.md").read_text(encoding="utf-8")
    (labels,) = re.findall(r"kubectl label namespace monitoring (.*)", guide)
    assert f"{label}=true" in labels.split()
    assert str(url.hostname).split(".")[1:] == ["monitoring", "svc"]


def test_prometheus_finds_each_part_under_the_job_that_the_rules_ask_for() -> None:
    scraped = yaml.safe_load((FOLDER / "prometheus-scrape.yaml").read_text(encoding="utf-8"))["scrape_configs"]
    found = {
        job["job_name"]: {each.name for each in workloads().values() if re.fullmatch(regex, f"{each.name};metrics")}
        for job in scraped
        for regex in [job["relabel_configs"][0]["regex"]]
    }
    assert found == {
        "collector-agent": {"reduse-agent", "reduse-scraper"},
        "collector-balancer": {"reduse-balancer"},
        "collector-gateway": {"reduse-gateway"},
        "reduse-processor": {"reduse-processor"},
    }


@pytest.mark.server
def test_prometheus_takes_what_is_to_be_scraped(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("no promtool: it is in Debian's package prometheus")
    configuration = tmp_path / "prometheus.yml"
    scraped = yaml.safe_load((FOLDER / "prometheus-scrape.yaml").read_text(encoding="utf-8"))
    # Debian's cannot discover pods, and knows no scrape_config_files.
    for job in scraped["scrape_configs"]:
        del job["kubernetes_sd_configs"]
    configuration.write_text(yaml.safe_dump(scraped))
    command = ["promtool", "check", "config", str(configuration)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert finished.returncode == 0, finished.stderr


def policies(workload: Workload) -> list[Object]:
    return [each for each in of_kind("NetworkPolicy") if selects(each["spec"]["podSelector"], workload.labels)]


def allows(workload: Workload, direction: str, port: str, other: Workload | None) -> bool:
    """`other` is on the other side; None for pods of namespaces that have services. `port` is by name."""
    side = {"ingress": "from", "egress": "to"}[direction]
    return any(
        any(each["port"] == port for each in rule["ports"])
        and any(
            selects(peer["podSelector"], other.labels)
            if other is not None and "podSelector" in peer
            else other is None and peer.get("namespaceSelector", {}).get("matchLabels") == {"reduse/services": "true"}
            for peer in rule.get(side, [])
        )
        for policy in policies(workload)
        for rule in policy["spec"].get(direction, [])
    )


def selects(selector: Object, labels: Mapping[str, str]) -> bool:
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(each["key"]) in each["values"] for each in selector.get("matchExpressions", [])
    )
