"""RabbitMQ: its configuration, and the definitions that give it users, permissions and topology when it starts."""

import base64
import hashlib
import json
import os
import secrets
import shutil
import socket
from pathlib import Path
from typing import Any

from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack.packages import RABBITMQ_SERVER
from reduse.stack.waiting import Check, no_check, wait

USERS: dict[str, list[str]] = {"shop_api": [], "crm_api": [], "mes_api": [], "monitoring": ["monitoring"]}
PLUGINS = frozenset({"rabbitmq_prelaunch", "rabbitmq_management", "rabbitmq_management_agent", "rabbitmq_web_dispatch"})
SALT_BYTES = 4
LISTEN_SECONDS = 60
# The folder that a process runs in, by a name that it may always read: in a path the broker and its plugins take no
# letters but those of Latin-1. Whoever gets this environment has to run in `directory(settings)`.
HERE = "/proc/self/cwd"


def write_configuration(settings: Settings) -> None:
    """Write what the broker reads at its start. Definitions are applied at every start and change nothing twice."""
    folder = directory(settings)
    folder.mkdir(parents=True, exist_ok=True)
    definitions = folder / "definitions.json"
    secret_files.write(definitions, json.dumps(merged_definitions(settings), indent=1))
    (folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
    link_plugins(folder / "plugins")
    (folder / "rabbitmq.conf").write_text(
        configuration("127.0.0.1", settings.broker_port, settings.broker_management_port, Path(HERE, definitions.name))
    )
    home = folder / "home"
    home.mkdir(exist_ok=True)
    cookie = home / ".erlang.cookie"
    if not cookie.exists():
        secret_files.write(cookie, secret_files.read(settings.secrets_dir, "erlang_cookie"))
        cookie.chmod(0o400)


def configuration(
    address: str, port: int, management_port: int, definitions: Path, *, memory: str = "relative = 0.2"
) -> str:
    """The text of `rabbitmq.conf`; publishers wait while the broker uses more than `memory`."""
    return "\n".join(
        (
            f"listeners.tcp.default = {address}:{port}",
            f"management.tcp.ip = {address}",
            f"management.tcp.port = {management_port}",
            f"load_definitions = {definitions}",
            "log.console = true",
            "log.console.level = warning",
            "log.file = false",
            f"vm_memory_high_watermark.{memory}",
            "disk_free_limit.absolute = 200MB",
            # The receiver scrapes every 5 s; the broker's own figures must not be older.
            "collect_statistics_interval = 1000",
            "management.rates_mode = basic",
            "",
        )
    )


def link_plugins(folder: Path) -> None:
    """Link the applications that the broker and its management plugin need: it reads all it finds, at every start."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for application in (RABBITMQ_SERVER.resolve().parents[1] / "plugins").iterdir():
        name = application.name.rpartition("-")[0]
        if not name.startswith("rabbitmq_") or name in PLUGINS:
            (folder / application.name).symlink_to(application)


def merged_definitions(settings: Settings) -> dict[str, Any]:
    """The company's topology and permissions, with the users of this installation."""
    source = settings.root / "company" / "broker"
    definitions: dict[str, Any] = json.loads((source / "definitions.json").read_text())
    definitions["vhosts"] = [{"name": "/"}]
    definitions["permissions"] = json.loads((source / "permissions.json").read_text())["permissions"]
    definitions["users"] = [
        {
            "name": user,
            "password_hash": password_hash(secret_files.read(settings.secrets_dir, f"broker_{user}")),
            "hashing_algorithm": "rabbit_password_hashing_sha256",
            "tags": tags,
        }
        for user, tags in USERS.items()
    ]
    return definitions


def password_hash(password: str, salt: bytes | None = None) -> str:
    """RabbitMQ's salted SHA-256: base64 of the salt and the digest of salt and password."""
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def wait_until_listening(settings: Settings, check: Check = no_check) -> None:
    """Wait until the broker takes connections; it is the slowest of all to start."""

    def probe() -> str | None:
        try:
            socket.create_connection(("127.0.0.1", settings.broker_port), timeout=1).close()
        except OSError as error:
            return str(error)
        return None

    wait(
        probe,
        LISTEN_SECONDS,
        lambda reason: (
            f"rabbitmq did not listen on port {settings.broker_port} within {LISTEN_SECONDS} s ({reason}). "
            "See `./reduse logs rabbitmq`."
        ),
        check,
    )


def directory(settings: Settings) -> Path:
    return settings.data_dir / "rabbitmq"


def command() -> list[str]:
    return [str(RABBITMQ_SERVER)]


def environment(settings: Settings) -> dict[str, str]:
    """A node of its own: name, folders, cookie, and every listener on 127.0.0.1."""
    return {
        "HOME": f"{HERE}/home",
        "PATH": os.defpath + ":/usr/sbin:/sbin",
        "LANG": "C.UTF-8",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(settings.broker_names_port),
        "RABBITMQ_NODENAME": "reduse@localhost",
        "RABBITMQ_DIST_PORT": str(settings.broker_distribution_port),
        "RABBITMQ_MNESIA_BASE": f"{HERE}/mnesia",
        "RABBITMQ_LOG_BASE": f"{HERE}/log",
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_CONFIG_FILE": f"{HERE}/rabbitmq.conf",
        "RABBITMQ_ENABLED_PLUGINS_FILE": f"{HERE}/enabled_plugins",
        "RABBITMQ_PID_FILE": f"{HERE}/pid",
        "RABBITMQ_PLUGINS_DIR": f"{HERE}/plugins",
        # Idle schedulers sleep instead of spinning: the broker shares its cores with everything else here.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
        ),
    }
