"""Every address that a pod is given leads to another's port, by a name of its certificate, and policies let it."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from reduse.yaml_text import read_yaml, write_yaml
from tests.deploy.manifests import FOLDER, KAFKA, PLAIN, WAYS, Applied, Object, Workload, examples

ADDRESS = re.compile(r"(?:https://)?((?:[\w-]+\.)?([\w-]+)\.reduse\.svc):(\d+)")


ways = pytest.mark.parametrize("applied", WAYS, ids=str)


@dataclass(frozen=True)
class Call:
    """`caller` is told to call `host`, which is a Service or, where that is headless, one of its pods, at `port`."""

    applied: Applied
    caller: str
    host: str
    service: str
    port: int

    def __str__(self) -> str:
        return f"{self.applied}-{self.caller}-{self.host}"


def calls(applied: Applied) -> Iterator[Call]:
    for each in [*applied.workloads.values(), *(Workload(each, applied) for each in examples())]:
        for value in each.environment.values():
            for host, service, port in ADDRESS.findall(value):
                yield Call(applied, each.name, host, service, int(port))


every_call = pytest.mark.parametrize("call", [call for applied in WAYS for call in calls(applied)], ids=str)


def called(call: Call) -> tuple[Workload, str]:
    """Whom, and the name of the port."""
    (service,) = [each for each in call.applied.of_kind("Service") if each["metadata"]["name"] == call.service]
    (target,) = [port["targetPort"] for port in service["spec"]["ports"] if port["port"] == call.port]
    selector = service["spec"]["selector"].items()
    (workload,) = [each for each in call.applied.workloads.values() if selector <= each.labels.items()]
    return workload, target


@ways
def test_each_part_is_called_by_those_that_send_to_it(applied: Applied) -> None:
    always = {
        ("shop-api", "reduse-agent"),
        ("reduse-agent", "reduse-gateway"),
        ("reduse-scraper", "reduse-gateway"),
    }
    with_processor = {("reduse-agent", "reduse-processor"), ("reduse-processor", "reduse-gateway")}
    found = {(call.caller, call.service) for call in calls(applied)}
    assert found == always | (with_processor if applied is PLAIN else set())


@every_call
def test_a_service_has_the_port_and_leads_to_a_pods_port_of_that_name(call: Call) -> None:
    workload, port = called(call)
    assert workload.ports[port] == call.port


@every_call
def test_one_pod_that_is_called_by_its_name_is_there(call: Call) -> None:
    if call.host == f"{call.service}.reduse.svc":
        return
    workload, _ = called(call)
    spec = workload.object["spec"]
    names = [f"{workload.name}-{number}.{spec['serviceName']}.reduse.svc" for number in range(spec["replicas"])]
    assert call.host in names
    (service,) = [each for each in call.applied.of_kind("Service") if each["metadata"]["name"] == spec["serviceName"]]
    assert service["spec"]["clusterIP"] == "None"


@every_call
def test_the_name_that_is_called_is_in_the_certificate(call: Call) -> None:
    workload, _ = called(call)
    (secret,) = [
        volume["secret"]["secretName"] for folder, volume in workload.mounts.items() if folder == "/etc/reduse-tls"
    ]
    issued = call.applied.of_kind("Certificate")
    (certificate,) = [each for each in issued if each["spec"]["secretName"] == secret]
    assert call.host in certificate["spec"]["dnsNames"]
    assert set(certificate["spec"]["usages"]) == {"server auth", "client auth"}


@every_call
def test_policies_let_the_call_out_and_in(call: Call) -> None:
    workload, port = called(call)
    caller = call.applied.workloads.get(call.caller)
    assert allows(workload, "ingress", port, caller)
    if caller is not None:
        assert allows(caller, "egress", port, workload)


@ways
def test_nothing_is_let_in_that_is_not_called_and_nobody_else_calls(applied: Applied) -> None:
    parts = applied.workloads.values()
    let = {
        (caller.name, each.name)
        for each in parts
        for caller in parts
        for port in each.ports
        if allows(each, "ingress", port, caller) and allows(caller, "egress", port, each)
    }
    assert let == {(call.caller, called(call)[0].name) for call in calls(applied) if call.caller in applied.workloads}


def to_namespaces(workload: Workload, label: str) -> list[int]:
    """The ports at which policies let it out to namespaces with this label."""
    return [
        port["port"]
        for policy in policies(workload)
        for rule in policy["spec"].get("egress", [])
        for peer in rule.get("to", [])
        if peer.get("namespaceSelector", {}).get("matchLabels") == {label: "true"}
        for port in rule["ports"]
    ]


def labels_of_the_guide(namespace: str) -> list[str]:
    """What the guide says that this namespace gets."""
    folder = FOLDER.parents[1] / "docs" / "deploy"
    text = "".join((folder / name).read_text(encoding="utf-8") for name in ("kubernetes.md", "kubernetes-kafka.md"))
    (labels,) = re.findall(rf"kubectl label namespace {namespace} (.*)", text)
    return str(labels).split()


@ways
def test_who_is_told_of_brokers_is_let_out_to_them_and_nobody_else(applied: Applied) -> None:
    told = {each.name: each.environment.get("REDUSE_KAFKA_BROKERS", "") for each in applied.workloads.values()}
    expected = {"reduse-agent", "reduse-worker", "reduse-gateway"} if applied is KAFKA else set()
    assert {name for name, brokers in told.items() if brokers} == expected
    for name, text in told.items():
        brokers = [urlsplit(f"//{broker}") for broker in text.split(",") if broker]
        assert to_namespaces(applied.workloads[name], "reduse/kafka") == [broker.port for broker in brokers]
        for broker in brokers:
            _, namespace, domain = str(broker.hostname).split(".")
            assert domain == "svc"
            assert "reduse/kafka=true" in labels_of_the_guide(namespace)


@ways
def test_everything_is_closed_first(applied: Applied) -> None:
    closed = [each["spec"] for each in applied.of_kind("NetworkPolicy") if each["metadata"]["name"] == "nothing-else"]
    assert closed == [{"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}]


@ways
def test_prometheus_may_read_each_parts_own_metrics(applied: Applied) -> None:
    for each in applied.workloads.values():
        assert any(
            "namespaceSelector" in peer and port["port"] == "metrics"
            for policy in policies(each)
            for rule in policy["spec"].get("ingress", [])
            for peer in rule["from"]
            for port in rule["ports"]
        ), each.name


@pytest.mark.parametrize("what", ["prometheus", "alertmanager"])
def test_the_gateway_is_let_out_to_prometheus_and_to_alertmanager(what: str) -> None:
    gateway = PLAIN.workloads["reduse-gateway"]
    url = urlsplit(gateway.environment[f"REDUSE_{what.upper()}_URL"])
    label = f"reduse/{what}"
    assert to_namespaces(gateway, label) == [url.port]
    # The guide labels the namespace that the example's URL names.
    assert f"{label}=true" in labels_of_the_guide("monitoring")
    assert str(url.hostname).split(".")[1:] == ["monitoring", "svc"]


def test_prometheus_finds_each_part_under_the_job_that_the_rules_ask_for() -> None:
    scraped = read_yaml((FOLDER / "prometheus-scrape.yaml").read_text(encoding="utf-8"))["scrape_configs"]
    parts = {name for applied in WAYS for name in applied.workloads}
    found = {
        job["job_name"]: {name for name in parts if re.fullmatch(regex, f"{name};metrics")}
        for job in scraped
        for regex in [job["relabel_configs"][0]["regex"]]
    }
    assert found == {
        "collector-agent": {"reduse-agent", "reduse-scraper"},
        "collector-gateway": {"reduse-gateway"},
        "reduse-processor": {"reduse-processor", "reduse-worker"},
    }


@pytest.mark.server
def test_prometheus_takes_what_is_to_be_scraped(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("no promtool: it is in Debian's package prometheus")
    configuration = tmp_path / "prometheus.yml"
    scraped = read_yaml((FOLDER / "prometheus-scrape.yaml").read_text(encoding="utf-8"))
    # Debian's cannot discover pods, and knows no scrape_config_files.
    for job in scraped["scrape_configs"]:
        del job["kubernetes_sd_configs"]
    configuration.write_text(write_yaml(scraped))
    command = ["promtool", "check", "config", str(configuration)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert finished.returncode == 0, finished.stderr


def policies(workload: Workload) -> list[Object]:
    every = workload.applied.of_kind("NetworkPolicy")
    return [each for each in every if selects(each["spec"]["podSelector"], workload.labels)]


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
