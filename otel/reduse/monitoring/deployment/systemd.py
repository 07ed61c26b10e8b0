"""The drop-in by which the agent's unit (deploy/systemd) is that of a company: its file, and its passwords."""

from collections.abc import Mapping

from reduse.monitoring.deployment import secrets
from reduse.monitoring.origin import Origin
from reduse.watch.company import Company

DROP_IN = "systemd/reduse-agent.service.d/company.conf"

INSTALLED = "/etc/reduse/company/agent.yaml"
"""Where `deployed/agent.yaml` is put on the machine."""

CREDENTIALS = "/etc/reduse/credentials"
"""Where passwords are put that the company's file does not name by an absolute path."""


def documents(company: Company, origin: Origin) -> Mapping[str, str]:
    """The text of the drop-in, by its path."""
    lines = [
        "[Service]",
        f'Environment="REDUSE_AGENT_COMPANY=--config {INSTALLED}"',
        "# Files that only root may read: systemd hands copies to the agent alone.",
        *(f"LoadCredential={name}:{_source(path, name)}" for path, name in secrets.names(company).items()),
    ]
    return {DROP_IN: origin.comment() + "\n".join(lines) + "\n"}


def _source(path: str, name: str) -> str:
    # `%` begins a specifier.
    return path.replace("%", "%%") if path.startswith("/") else f"{CREDENTIALS}/{name}"
