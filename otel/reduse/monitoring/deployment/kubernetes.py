"""Kubernetes' objects that follow from a company, beside those of deploy/kubernetes: `kubectl apply -f kubernetes/`."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import yaml

from reduse.monitoring import alertmanager, facts, rules
from reduse.monitoring.alertmanager import Delivery
from reduse.monitoring.deployment import configuration, secrets
from reduse.monitoring.origin import Origin
from reduse.watch import policies
from reduse.watch.company import Company
from reduse.watch.variables import REFERENCE
from reduse.yaml_text import Dumper

NAMESPACE = "reduse"
PASSWORDS = "reduse-passwords"
"""A Secret that is made by hand: its keys are the names of the files that the agent reads."""

PROCESSOR = "reduse-company-processor"
"""Settings of the processor that follow from the company's file, where it has any."""

SCRAPER = "reduse-scraper"
ALERTING = "/etc/reduse-alerting"
"""Where Alertmanager has a Secret with the files of the company's receivers."""

_LABELS = {"app.kubernetes.io/part-of": "reduse"}
_PORTS = {"http": 80, "https": 443}

Object = Mapping[str, Any]


def documents(company: Company, origin: Origin) -> Mapping[str, str]:
    """What the pipeline's own parts need: the text of each file, by its path."""
    keys = secrets.names(company).values()
    wanted = f"# The Secret {PASSWORDS} has to have these keys: {', '.join(keys)}.\n" if keys else ""
    ports = sorted(set(_ports(company)))
    limits = policies.processor_settings(company)
    return {
        "kubernetes/agent.yaml": _text(origin, _agent(company, origin), wanted),
        **({"kubernetes/network-policy.yaml": _text(origin, _way_out(ports))} if ports else {}),
        **({"kubernetes/processor.yaml": _text(origin, config_map(PROCESSOR, limits))} if limits else {}),
    }


def alerting_documents(company: Company, origin: Origin, delivery: Delivery) -> Mapping[str, str]:
    """What a Prometheus and an Alertmanager need that read files. `delivery`: how alerts are sent.

    Raises:
        SettingError: a receiver of alerts needs what nobody said.
    """
    told = config_map("reduse-company-rules", {"company.yaml": facts.document(company, origin)})
    return {
        "kubernetes/company-rules.yaml": _text(origin, told),
        "kubernetes/alertmanager.yaml": _text(origin, _alertmanager(company, origin, delivery)),
    }


def rule_documents(company: Company, origin: Origin) -> Mapping[str, str]:
    """The rules of any company, for a Prometheus that has none of this project's files.

    They are an object of their own: Kubernetes bounds the size of one, and a company of many services has many facts.
    """
    files = {f"{name}.yaml": text for name, text in rules.documents(services=len(company.services)).items()}
    return {"kubernetes/rules.yaml": _text(origin, config_map("reduse-rules", files))}


def config_map(name: str, files: Mapping[str, str], labels: Mapping[str, str] | None = None) -> Object:
    """A ConfigMap of these files."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {**_LABELS, **(labels or {})}},
        "data": dict(files),
    }


def _agent(company: Company, origin: Origin) -> Object:
    """What the agent reads that asks databases and brokers."""
    return config_map("reduse-company-agent", {"agent.yaml": configuration.document(company, origin)})


def _alertmanager(company: Company, origin: Origin, delivery: Delivery) -> Object:
    """URLs that are secrets are in files of a Secret, which is mounted where they are looked for."""
    names = secrets.told_apart(each.webhook_url_file for each in company.receivers if each.webhook_url_file)
    mounted = replace(delivery, webhook_url_file=lambda path: {"url_file": f"{ALERTING}/{names[path]}"})
    return config_map("reduse-alertmanager", {"alertmanager.yml": alertmanager.document(company, origin, mounted)})


def _way_out(ports: list[int]) -> Object:
    """The scraper may go to the ports of the company's databases and brokers, wherever they are."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "company", "namespace": NAMESPACE, "labels": _LABELS},
        "spec": {
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": SCRAPER}},
            "policyTypes": ["Egress"],
            "egress": [{"ports": [{"protocol": "TCP", "port": port} for port in ports]}],
        },
    }


def _ports(company: Company) -> Iterator[int]:
    """Those that are said; what an environment variable without a default has is not known here."""
    for database in company.databases:
        yield from _port(database.endpoint)
    for broker in company.brokers:
        address = urlsplit(_with_defaults(broker.management_url))
        yield from _port(address.netloc if ":" in address.netloc else f":{_PORTS.get(address.scheme, '')}")


def _port(address: str) -> Iterator[int]:
    port = _with_defaults(address).rpartition(":")[2]
    if port.isascii() and port.isdigit():
        yield int(port)


def _with_defaults(text: str) -> str:
    return REFERENCE.sub(lambda found: found[2] or "unknown", text)


def _text(origin: Origin, written: Object, comment: str = "") -> str:
    dumped = yaml.dump(written, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000)
    return origin.comment() + comment + dumped


class _Dumper(Dumper):
    """Files as blocks, as people read them; and nothing twice by reference."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _string(dumper: Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _string)
