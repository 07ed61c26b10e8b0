"""The generated files for the Prometheus Operator: rules as its objects, dashboards as config maps for Grafana."""

from collections.abc import Mapping
from typing import Any

import yaml

from reduse.monitoring import alertmanager, runbooks
from reduse.monitoring.deployment import kubernetes
from reduse.monitoring.origin import Origin
from reduse.monitoring.rendering import Files, Surroundings, dashboard_files, rule_files
from reduse.watch.company import Company
from reduse.yaml_text import Dumper, read_yaml

# The implementation in C, which is many times as fast.

DASHBOARD_LABELS = {"grafana_dashboard": "1"}
"""By which the sidecar of Grafana's chart finds dashboards."""


def documents(
    company: Company, origin: Origin, surroundings: Surroundings, labels: Mapping[str, str] | None = None
) -> Files:
    """Kubernetes objects, each in a file.

    `labels`: of all objects, as the operator's `ruleSelector` asks for them, such as `release`.

    Raises:
        SettingError: a receiver of alerts needs what nobody said.
    """
    common = {"app.kubernetes.io/part-of": "reduse", **(labels or {})}
    objects = {
        **{f"rules/{file}": _rules(file, text, common) for file, text in rule_files(company, origin).items()},
        **{
            f"dashboards/{file.removesuffix('.json')}.yaml": _dashboard(file, text, common)
            for file, text in dashboard_files(company, origin).items()
        },
        # A secret, because receivers may contain secrets.
        "alertmanager.yaml": {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "reduse-alertmanager", "labels": common},
            "stringData": {"alertmanager.yaml": alertmanager.document(company, origin, surroundings.delivery)},
        },
    }
    made = {file: origin.comment() + _text(document) for file, document in objects.items()}
    linked = {name: runbooks.at(surroundings.runbooks, text) for name, text in made.items()}
    return {**linked, **kubernetes.documents(company, origin)}


def _rules(file: str, text: str, labels: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": f"reduse-{file.removesuffix('.yaml')}", "labels": dict(labels)},
        "spec": read_yaml(text),
    }


def _dashboard(file: str, text: str, labels: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"reduse-dashboard-{file.removesuffix('.json')}",
            "labels": {**labels, **DASHBOARD_LABELS},
        },
        "data": {f"reduse-{file}": text},
    }


def _text(document: Mapping[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000)


class _Dumper(Dumper):
    """Writes multi-line text as a block."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _block(dumper: Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _block)
