"""All files that are generated from a company's file: their texts by path."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from reduse.monitoring import agent, alertmanager, deployment, facts, grafana, metricsql, plan, rules, runbooks
from reduse.monitoring.alertmanager import Delivery
from reduse.monitoring.dashboards.boards import boards
from reduse.monitoring.deployment import kubernetes
from reduse.monitoring.origin import Origin
from reduse.watch.company import Company
from reduse.yaml_text import read_yaml, write_yaml

COMPANY_RULES = "company.yaml"

Files = Mapping[str, str]
"""Texts by path, with slashes, below a folder."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a company's file does not contain.

    `product`: a checkout of this project, for files that are the same for every company. `delivery`: how alerts are
    sent. `addresses`: the metrics endpoints of the pipeline's parts, host:port by their job in prometheus.yml.
    `runbooks`: the base address of the runbooks that alerts and panels link to.
    """

    product: Path
    delivery: Delivery = field(default_factory=Delivery)
    addresses: Mapping[str, str] = field(default_factory=dict)
    runbooks: str = runbooks.DEFAULT_BASE


def rule_files(company: Company, origin: Origin) -> Files:
    """The rules, which are the same for every company, and the facts about this company."""
    product = {f"{name}.yaml": text for name, text in rules.documents(services=len(company.services)).items()}
    return {**product, COMPANY_RULES: facts.document(company, origin)}


def dashboard_files(company: Company, origin: Origin) -> Files:
    return {f"{board.name}.json": grafana.document(board, origin) for board in boards(company)}


def runbook_files() -> Files:
    return {f"{name}.md": text for name, text in runbooks.documents().items()}


def plan_files(company: Company, origin: Origin) -> Files:
    """The table in each language of the company, for its own plan."""
    return {
        f"table.{language}.md": f"{origin.markdown()}\n{plan.table(company, language)}\n"
        for language in company.languages
    }


def documents(company: Company, origin: Origin, surroundings: Surroundings) -> Files:
    """All files, for an existing Prometheus, Alertmanager, Grafana and collector.

    Raises:
        SettingError: a receiver of alerts needs a value that is not set.
    """
    ruled = rule_files(company, origin)
    files = {
        **_below("rules", ruled),
        **_below("victoriametrics/rules", {name: metricsql.rules(text) for name, text in ruled.items()}),
        "prometheus.yml": _prometheus(origin, surroundings),
        "alertmanager.yml": alertmanager.document(company, origin, surroundings.delivery),
        "agent.yaml": agent.document(company, origin),
        **deployment.documents(company, origin, surroundings.delivery),
        **kubernetes.rule_documents(company, origin),
        **_below("grafana/dashboards", dashboard_files(company, origin)),
        **_below("grafana/provisioning", dict(_provisioning(origin, surroundings.product))),
        **_below("runbooks", runbook_files()),
        **_below("plan", plan_files(company, origin)),
    }
    return {name: runbooks.at(surroundings.runbooks, text) for name, text in files.items()}


def _below(folder: str, files: Files) -> Files:
    return {str(PurePosixPath(folder, name)): text for name, text in files.items()}


def _provisioning(origin: Origin, product: Path) -> Iterator[tuple[str, str]]:
    """Grafana's data source and dashboard folder; their addresses come from its environment."""
    folder = product / "grafana" / "provisioning"
    for file in sorted(folder.glob("*/*.yaml")):
        yield file.relative_to(folder).as_posix(), origin.comment() + file.read_text(encoding="utf-8")


def _prometheus(origin: Origin, surroundings: Surroundings) -> str:
    """The product's file with the addresses in it, instead of references to target files."""
    source = (surroundings.product / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    document = read_yaml(source)
    for entry in (*document["scrape_configs"], *document["alerting"]["alertmanagers"]):
        job = entry.get("job_name", "alertmanager")
        del entry["file_sd_configs"]
        entry["static_configs"] = [{"targets": [surroundings.addresses[job]]}]
    return origin.comment() + write_yaml(document, sort_keys=False)
