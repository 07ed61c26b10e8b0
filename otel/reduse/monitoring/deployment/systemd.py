"""Drop-ins by which the units (deploy/systemd) are those of a company: the agent's with its file and its passwords, the
processor's with the limits of its policies."""

from collections.abc import Mapping

from reduse.monitoring.deployment import secrets
from reduse.monitoring.origin import Origin
from reduse.watch import policies
from reduse.watch.company import Company

DROP_IN = "systemd/reduse-agent.service.d/company.conf"

PROCESSOR_DROP_IN = "systemd/reduse-processor.service.d/company.conf"

INSTALLED = "/etc/reduse/company/agent.yaml"
"""Where `deployed/agent.yaml` is put on the machine."""

CREDENTIALS = "/etc/reduse/credentials"
"""Where passwords are put that the company's file does not name by an absolute path."""


def documents(company: Company, origin: Origin) -> Mapping[str, str]:
    """The text of each drop-in, by its path."""
    lines = [
        "[Service]",
        f'Environment="REDUSE_AGENT_COMPANY=--config {INSTALLED}"',
        "# Files that only root may read: systemd hands copies to the agent alone.",
        *(f"LoadCredential={name}:{_source(path, name)}" for path, name in secrets.names(company).items()),
    ]
    limits = policies.processor_settings(company)
    settings = ["[Service]", *(f"Environment={_quoted(f'{name}={text}')}" for name, text in limits.items())]
    return {
        DROP_IN: origin.comment() + "\n".join(lines) + "\n",
        # Also where it says nothing: then one that did is written over.
        PROCESSOR_DROP_IN: origin.comment() + "\n".join(settings) + "\n",
    }


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _source(path: str, name: str) -> str:
    # `%` begins a specifier.
    return path.replace("%", "%%") if path.startswith("/") else f"{CREDENTIALS}/{name}"
