"""What containers need that no image brings: `python -m reduse.stack.compose secrets`, then `… databases`, `… topics`.

The same code as natively makes secrets, configuration, roles and schemas; here each part gets a volume of its own with
no more than it needs, readable by the user that it runs as.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from reduse.errors import StackError
from reduse.processes.references import found
from reduse.settings import secret_files
from reduse.settings.stack import Settings, read
from reduse.stack import alertmanager, broker, company_processes, credentials, databases
from reduse.stack.installation import Installation
from reduse.stack.kafka import topics
from reduse.watch import reading

# Where docker-compose.yml mounts the volumes into the container that makes them, and into their parts.
VOLUMES = Path("/volumes")
MOUNTED = Path("/run/reduse")
POSTGRES_PORT = 5432
BROKER_PORT = 5672
MANAGEMENT_PORT = 15672
KAFKA = "kafka:9092"
# The broker takes a share of the machine's memory, not of its container's limit (512 MB).
BROKER_MEMORY = "absolute = 300MB"

# The users of the official images and of ours.
OURS = 10001
COLLECTOR = 10001
POSTGRES = 999
RABBITMQ = 999
NOBODY = 65534
GRAFANA = 472


@dataclass(frozen=True)
class Volume:
    """What one part may read, and the user that it runs as."""

    user: int
    secrets: tuple[str, ...] = ()


AGENT_QUEUE = "agent-queue"
ALERTMANAGER = "alertmanager"


def volumes_of_parts(installation: Installation) -> dict[str, Volume]:
    """A volume for each part, by its name."""
    processes = installation.processes
    return {
        **{database.name: Volume(POSTGRES, (database.superuser_secret,)) for database in processes.databases},
        **{server.name: Volume(RABBITMQ) for server in processes.brokers},
        ALERTMANAGER: Volume(NOBODY),
        "grafana": Volume(GRAFANA, ("grafana_admin",)),
        "agent": Volume(COLLECTOR, _of_the_agent(installation)),
        # On disk, not a secret: the collector's image has no folder of its user's.
        AGENT_QUEUE: Volume(COLLECTOR),
        **{
            service.name: Volume(OURS, (*_named(service.environment.values()), "user_hash_key"))
            for service in processes.services
        },
        **({"load": Volume(OURS, _named(processes.load.environment.values()))} if processes.load else {}),
    }


def _of_the_agent(installation: Installation) -> tuple[str, ...]:
    """The passwords by which it reads what the company has watched."""
    company = reading.read(installation.settings.watch_file)
    files = [database.password_file for database in company.databases]
    files += [server.password_file for server in company.brokers]
    return tuple(name for file in files if (name := Path(file).name) in installation.processes.passwords)


def _named(texts: Iterable[str]) -> tuple[str, ...]:
    """The secrets that these texts refer to."""
    return tuple(reference.name for text in texts for reference in found(text) if reference.kind == "secret")


# All of them: for who gives databases their roles.
MASTER = "secrets"


def composed(settings: Settings) -> Installation:
    """The installation as it is among containers: each process is where its container is, on its program's own port."""
    installation = Installation.of(settings)
    processes = installation.processes
    ports = {listener.setting: POSTGRES_PORT for each in processes.databases for listener in each.listeners}
    for server in processes.brokers:
        own = {"": BROKER_PORT, "management": MANAGEMENT_PORT}
        ports |= {each.setting: own[each.name] for each in server.listeners if each.name in own}
    return replace(
        installation,
        values={**installation.values, **ports},
        hosts={server.name: server.name for server in processes.servers},
    )


def make_secrets(installation: Installation, volumes: Path) -> None:
    """Fill the volumes. What is there is kept, but for configuration."""
    master = volumes / MASTER
    # Where secrets are, for what makes them and what reads them here: in the master's volume.
    here = replace(installation, settings=installation.settings.model_copy(update={"state_dir": volumes}))
    with tempfile.TemporaryDirectory() as logs:
        credentials.create_all(here, Path(logs) / "setup.log")
    _own(master, OURS)
    for part, volume in volumes_of_parts(installation).items():
        folder = volumes / part
        folder.mkdir(exist_ok=True)
        for name in volume.secrets:
            secret_files.write(folder / name, secret_files.read(master, name))
        for file, content in _configuration(part, here).items():
            secret_files.write(folder / file, content)
        folder.chmod(0o700)
        _own(folder, volume.user)


def _configuration(part: str, installation: Installation) -> Mapping[str, str]:
    if part == ALERTMANAGER:
        return {"alertmanager.yml": alertmanager.configuration(installation.settings)}
    for server in installation.processes.brokers:
        if server.name == part:
            definitions = MOUNTED / "definitions.json"
            return {
                definitions.name: json.dumps(broker.merged_definitions(server, installation), indent=1),
                "rabbitmq.conf": broker.configuration(
                    "0.0.0.0",  # noqa: S104 - in its container
                    BROKER_PORT,
                    MANAGEMENT_PORT,
                    definitions,
                    memory=BROKER_MEMORY,
                ),
            }
    return {}


def _own(folder: Path, user: int) -> None:
    """Give the folder and what is in it to a user; who is not root keeps it."""
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, user, user)


def provision(installation: Installation) -> None:
    """Bring all databases up to date, and run the company's set-up commands."""
    installation.settings.log_dir.mkdir(parents=True, exist_ok=True)
    for database in installation.processes.databases:
        databases.provision(database, installation)
    company_processes.set_up(company_processes.set_up_commands(installation), installation)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m reduse.stack.compose", description=__doc__)
    parser.add_argument("what", choices=["secrets", "databases", "topics"])
    what: str = parser.parse_args().what
    try:
        installation = composed(read(Settings))
        if what == "secrets":
            make_secrets(installation, VOLUMES)
        elif what == "topics":
            topics.ensure(installation.settings, {"bootstrap.servers": KAFKA})
        else:
            provision(installation)
    except (StackError, OSError) as error:
        sys.exit(f"reduse: {error}")


if __name__ == "__main__":
    main()
