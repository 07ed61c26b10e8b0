"""What is laid over docker-compose.yml for a company whose services, databases and brokers run elsewhere."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from reduse.monitoring.collector import rewritten
from reduse.monitoring.deployment import configuration, secrets
from reduse.monitoring.origin import Origin
from reduse.watch import policies
from reduse.watch.company import Company
from reduse.watch.variables import REFERENCE
from reduse.yaml_text import write_yaml

PATH = "compose.yaml"

# Of docker-compose.yml: the one processor, and the workers on Kafka.
PROCESSORS = ("processor", "worker-1", "worker-2", "worker-3")

RENDERED = "${REDUSE_RENDERED:?the folder of what reduse render has written}"
WATCH_FOLDER = "${REDUSE_WATCH_DIR:?the folder of the company's file}"

# Where Compose puts secrets, and where the files of the company are put.
SECRETS = "/run/secrets"
MOUNTED = "/etc/reduse-company"


def documents(company: Company, origin: Origin) -> Mapping[str, str]:
    """The text of the overlay, by its path."""
    return {PATH: origin.comment() + _USE + write_yaml(overlay(company), sort_keys=False, width=100_000)}


_USE = """\
# REDUSE_RENDERED is the folder that this file is in, REDUSE_WATCH_DIR that of the company's file. Only what is named is
# started, and what it needs, so nothing of the reference company:
#   docker compose -f docker-compose.yml -f compose.yaml up --detach agent processor alertmanager grafana
# Services send to the agent at 127.0.0.1:4318; what listens on this machine is host.docker.internal to it.
"""


def overlay(company: Company) -> Mapping[str, Any]:
    """The same as data."""
    files = secrets.names(company)
    return {
        "services": {
            "agent": {
                # What Compose's own networks do not have is reached by the one that leads out.
                "networks": ["front"],
                "extra_hosts": ["host.docker.internal:host-gateway"],
                "ports": [
                    "127.0.0.1:${REDUSE_AGENT_PORT:-4317}:4317",
                    "127.0.0.1:${REDUSE_AGENT_HTTP_PORT:-4318}:4318",
                ],
                "environment": {"REDUSE_SECRETS_DIR": SECRETS, **dict.fromkeys(_variables(company))},
                **({"secrets": list(files.values())} if files else {}),
            },
            **{part: {"environment": _of_processors(company)} for part in PROCESSORS},
            "alertmanager": {
                "command": [
                    f"--config.file={MOUNTED}/alertmanager.yml",
                    "--storage.path=/alertmanager",
                    "--cluster.listen-address=",
                ],
                "volumes": [f"{RENDERED}/alertmanager.yml:{MOUNTED}/alertmanager.yml:ro", *_urls(company)],
            },
            "grafana": {"volumes": [f"{RENDERED}/grafana/dashboards:/etc/reduse/dashboards:ro"]},
        },
        **({"secrets": {name: {"file": _here(path)} for path, name in files.items()}} if files else {}),
    }


def _variables(company: Company) -> Iterator[str]:
    """What the agent reads of the environment because the company's file says so, with the values that it has here."""
    text = configuration.document(company, Origin(""))
    names = dict.fromkeys(name for name, _ in REFERENCE.findall(text))
    return (name for name in names if name != "REDUSE_SECRETS_DIR")


def _of_processors(company: Company) -> Mapping[str, str]:
    """Also where there is nothing: docker-compose.yml has the reference company's."""
    limits = policies.processor_settings(company).get(policies.PROCESSOR_SETTING, "")
    return {policies.PROCESSOR_SETTING: limits.replace("$", "$$")}


def _urls(company: Company) -> Iterator[str]:
    """Files with the URLs of receivers, where Alertmanager looks for them: beside its file, or at their own path."""
    files = dict.fromkeys(receiver.webhook_url_file for receiver in company.receivers if receiver.webhook_url_file)
    for file in files:
        yield f"{_here(file)}:{_escaped(str(PurePosixPath(MOUNTED, file)))}:ro"


def _here(path: str) -> str:
    """The path of a file of the company's on the machine where Compose runs."""
    is_absolute = path.startswith("/") or REFERENCE.match(path) is not None
    return _escaped(path) if is_absolute else f"{WATCH_FOLDER}/{_escaped(path)}"


def _escaped(text: str) -> str:
    """As Compose reads it, which writes variables in its own way."""
    return rewritten(text, lambda name, default: f"${{{name}}}" if default is None else f"${{{name}:-{default}}}")
