"""What follows from a company's file and is written at each start: for the agent, for Alertmanager, for the store.

The one place where the stack asks for them.
"""

from pathlib import Path

from reduse.settings.stack import Settings


def of_the_agent(_settings: Settings) -> list[Path]:
    """Collector files that are laid over the agent's own: databases and brokers."""
    return []


def alertmanager(settings: Settings) -> str:
    """Alertmanager's configuration: routes, receivers, inhibitions."""
    return (settings.root / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8")


def rules(_settings: Settings) -> dict[str, str]:
    """Rule files beside those of the product, by name."""
    return {}
