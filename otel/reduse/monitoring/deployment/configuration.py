"""The agent's configuration where it runs on another machine or in a container: its files are in one folder there."""

from reduse.monitoring import agent
from reduse.monitoring.deployment import secrets
from reduse.monitoring.origin import Origin
from reduse.watch.company import Company

PATH = "deployed/agent.yaml"


def document(company: Company, origin: Origin) -> str:
    """The text of that file."""
    return agent.document(company, origin, secrets.placed(company))
