"""What containers need that no image brings: `python -m reduse.stack.compose secrets`, then `… databases`.

The same code as natively makes secrets, configuration, roles and schemas; here each part gets a volume of its own with
no more than it needs, readable by the user that it runs as.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reduse.errors import StackError
from reduse.settings import secret_files
from reduse.settings.stack import Settings, read
from reduse.stack import alertmanager, broker, credentials, databases, partners

# Where docker-compose.yml mounts the volumes into the container that makes them, and into their parts.
VOLUMES = Path("/volumes")
MOUNTED = Path("/run/reduse")
POSTGRES_PORT = 5432
BROKER_PORT = 5672
MANAGEMENT_PORT = 15672
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


VOLUMES_OF_PARTS: Mapping[str, Volume] = {
    "shop-db": Volume(POSTGRES, ("shop_db_superuser",)),
    "mes-db": Volume(POSTGRES, ("mes_db_superuser",)),
    "rabbitmq": Volume(RABBITMQ),
    "alertmanager": Volume(NOBODY),
    "grafana": Volume(GRAFANA, ("grafana_admin",)),
    "agent": Volume(COLLECTOR, ("shop_db_monitoring", "mes_db_monitoring", "broker_monitoring")),
    # On disk, not a secret: the collector's image has no folder of its user's.
    "agent-queue": Volume(COLLECTOR),
    "shop-api": Volume(OURS, ("shop_db_shop_api", "broker_shop_api", "user_hash_key")),
    "crm-api": Volume(OURS, ("shop_db_crm_api", "broker_crm_api", "user_hash_key")),
    "mes-api": Volume(OURS, ("mes_db_mes_api", "broker_mes_api", "user_hash_key")),
    "load": Volume(OURS, (credentials.PARTNER_KEYS,)),
}
# All of them: for who gives databases their roles.
MASTER = "secrets"


class ComposeSettings(Settings):
    """Databases are where their container is, and answer to their own port."""

    shop_db_port: int = POSTGRES_PORT
    mes_db_port: int = POSTGRES_PORT

    def database_host(self, part: str) -> str:
        return part


def make_secrets(settings: Settings, volumes: Path) -> None:
    """Fill the volumes. What is there is kept, but for configuration."""
    master = volumes / MASTER
    credentials.create(master, settings.partners)
    _own(master, OURS)
    for part, volume in VOLUMES_OF_PARTS.items():
        folder = volumes / part
        folder.mkdir(exist_ok=True)
        for name in volume.secrets:
            secret_files.write(folder / name, secret_files.read(master, name))
        for file, content in _configuration(part, settings.model_copy(update={"state_dir": volumes})).items():
            secret_files.write(folder / file, content)
        folder.chmod(0o700)
        _own(folder, volume.user)


def _configuration(part: str, settings: Settings) -> Mapping[str, str]:
    if part == "rabbitmq":
        definitions = MOUNTED / "definitions.json"
        return {
            definitions.name: json.dumps(broker.merged_definitions(settings), indent=1),
            "rabbitmq.conf": broker.configuration(
                "0.0.0.0",  # noqa: S104 - in its container
                BROKER_PORT,
                MANAGEMENT_PORT,
                definitions,
                memory=BROKER_MEMORY,
            ),
        }
    if part == "alertmanager":
        return {"alertmanager.yml": alertmanager.configuration(settings)}
    return {}


def _own(folder: Path, user: int) -> None:
    """Give the folder and what is in it to a user; who is not root keeps it."""
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, user, user)


def provision(settings: Settings) -> None:
    """Bring both databases up to date, and give the MES API its partners."""
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    for database in databases.DATABASES:
        databases.provision(database, settings)
    mes_api = {
        "PYTHONPATH": str(settings.root / "services"),
        "DATABASE_HOST": settings.database_host("mes-db"),
        "DATABASE_PORT": str(settings.mes_db_port),
        "DATABASE_NAME": "mes",
        "DATABASE_USER": "mes_api",
        "DATABASE_PASSWORD_FILE": str(settings.secrets_dir / "mes_db_mes_api"),
    }
    partners.load(settings, mes_api, "See the log of the container mes-db.")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m reduse.stack.compose", description=__doc__)
    parser.add_argument("what", choices=["secrets", "databases"])
    what: str = parser.parse_args().what
    try:
        settings = read(ComposeSettings)
        if what == "secrets":
            make_secrets(settings, VOLUMES)
        else:
            provision(settings)
    except (StackError, OSError) as error:
        sys.exit(f"reduse: {error}")


if __name__ == "__main__":
    main()
