"""What follows from a company's file and is written at each start: for the agent, for Alertmanager, for the store.

The one place where the stack asks for them.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from reduse.errors import SettingError
from reduse.monitoring import agent, collector, companies, facts
from reduse.monitoring import alertmanager as monitoring
from reduse.monitoring.alertmanager import Delivery
from reduse.monitoring.origin import Origin
from reduse.monitoring.rendering import COMPANY_RULES
from reduse.settings.stack import Settings
from reduse.stack import identity, least_privilege
from reduse.watch.company import Company
from reduse.watch.variables import from_environment, names_in

AGENT = "agent"
"""The name of the part."""


def path(settings: Settings, name: str) -> Path:
    """A path in the company's file: a relative one is below its folder."""
    return settings.watch_file.parent / name


def company(settings: Settings) -> Company:
    """Raises WatchError, with a line for each mistake of the file."""
    return companies.load(settings.watch_file)


def variables(settings: Settings, known: Mapping[str, str]) -> dict[str, str]:
    """Values of the environment variables that the file refers to, for the agent. `known`: those that the stack gives.

    Raises:
        SettingError: one without a default is not set.
    """
    given = {}
    for name, has_default in names_in(company(settings).model_dump(mode="json")):
        if name in known:
            continue
        if name in os.environ:
            given[name] = os.environ[name]
        elif not has_default:
            raise SettingError(f"{settings.watch_file} refers to {name}, which is not set: export it, then try again.")
    return given


def of_the_agent(settings: Settings) -> Path:
    """The collector's file that is laid over the agent's own: databases and brokers. Written by `write`."""
    return settings.run_dir / "agent" / "company.yaml"


def write(settings: Settings) -> None:
    """Write what the parts read as it is."""
    file = of_the_agent(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(agent.document(company(settings), _origin(settings), _readable(settings)), encoding="utf-8")


def secrets_of_the_agent(settings: Settings) -> tuple[Path, ...]:
    """The stack's own secrets that the file names."""
    named = (_resolved(file, settings) for file in agent.files_of(company(settings)))
    return tuple(path for path in named if path is not None and path.is_relative_to(settings.secrets_dir))


def _readable(settings: Settings) -> agent.Files:
    """Where the agent finds a file that is named: a private one of somebody else is handed to it as a copy."""
    if not identity.privileged():
        return collector.file
    identities = identity.Identities(settings)
    own = identities.of(AGENT)
    identities.keep()

    def found(file: str) -> str:
        path = _resolved(file, settings)
        if path is None or path.is_relative_to(settings.state_dir) or not path.is_file():
            return collector.file(file)
        readable = least_privilege.readable(path, AGENT, settings, own)
        return collector.file(file) if readable == path else collector.value(str(readable))

    return found


def _resolved(file: str, settings: Settings) -> Path | None:
    """The path that the file's text stands for; None where it refers to a variable that only the agent gets."""
    known = {**os.environ, "REDUSE_SECRETS_DIR": str(settings.secrets_dir)}
    try:
        return path(settings, from_environment(file, known))
    except KeyError:
        return None


def alertmanager(settings: Settings, delivery: Delivery) -> str:
    """Alertmanager's configuration: routes, receivers, inhibitions. Raises SettingError for half a receiver."""
    return monitoring.document(company(settings), _origin(settings), delivery)


def rules(settings: Settings) -> dict[str, str]:
    """Rule files beside those of the product, by name."""
    return {COMPANY_RULES: facts.document(company(settings), _origin(settings))}


def _origin(settings: Settings) -> Origin:
    return Origin(str(settings.watch_file))
