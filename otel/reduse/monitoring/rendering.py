"""Everything that follows from a company, as files of a folder: their texts by their paths."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import yaml

from reduse.monitoring import agent, alertmanager, deployment, facts, grafana, metricsql, plan, rules, runbooks
from reduse.monitoring.alertmanager import Delivery
from reduse.monitoring.dashboards.boards import boards
from reduse.monitoring.deployment import kubernetes
from reduse.monitoring.origin import Origin
from reduse.watch.company import Company

COMPANY_RULES = "company.yaml"

Files = Mapping[str, str]
"""Texts by path, with slashes, below a folder."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a company's file does not say.

    `product`: a checkout of this project, for files that are the same for every company. `delivery`: how alerts are
    sent. `addresses`: where the parts of the pipeline say how they are, host:port by the job's name in prometheus.yml.
    `runbooks`: the base address of the runbooks that alerts and panels link to.
    """

    product: Path
    delivery: Delivery = field(default_factory=Delivery)
    addresses: Mapping[str, str] = field(default_factory=dict)
    runbooks: str = runbooks.DEFAULT_BASE


def rule_files(company: Company, origin: Origin) -> Files:
    """The rules that are the same for every company, and the facts that they are told of this one."""
    product = {f"{name}.yaml": text for name, text in rules.documents(services=len(company.services)).items()}
    return {**product, COMPANY_RULES: facts.document(company, origin)}


def dashboard_files(company: Company, origin: Origin) -> Files:
    return {f"{board.name}.json": grafana.document(board, origin) for board in boards(company)}


def runbook_files() -> Files:
    return {f"{name}.md": text for name, text in runbooks.documents().items()}


def plan_files(company: Company, origin: Origin) -> Files:
    """The table in each of the company's languages, for a plan of its own."""
    return {
        f"table.{language}.md": f"{origin.markdown()}\n{plan.table(company, language)}\n"
        for language in company.languages
    }


def documents(company: Company, origin: Origin, surroundings: Surroundings) -> Files:
    """All files, for a Prometheus, Alertmanager, Grafana and collector of one's own.

    Raises:
        SettingError: a receiver of alerts needs what nobody said.
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
    """Grafana's data source and folder of dashboards, whose places come from its environment."""
    folder = product / "grafana" / "provisioning"
    for file in sorted(folder.glob("*/*.yaml")):
        yield file.relative_to(folder).as_posix(), origin.comment() + file.read_text(encoding="utf-8")


def _prometheus(origin: Origin, surroundings: Surroundings) -> str:
    """The product's own file, with the addresses in it in place of files that hold them."""
    source = (surroundings.product / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    document = yaml.safe_load(source)
    for entry in (*document["scrape_configs"], *document["alerting"]["alertmanagers"]):
        job = entry.get("job_name", "alertmanager")
        del entry["file_sd_configs"]
        entry["static_configs"] = [{"targets": [surroundings.addresses[job]]}]
    return origin.comment() + yaml.safe_dump(document, sort_keys=False)
