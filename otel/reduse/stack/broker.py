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

from reduse.errors import SettingError
from reduse.processes.model import BrokerServer
from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack import least_privilege
from reduse.stack.installation import Installation
from reduse.stack.packages import RABBITMQ_SERVER
from reduse.stack.waiting import Check, no_check, wait

ERLANG_COOKIE = "erlang_cookie"
DEFINITIONS = "definitions.json"
EPMD = "/usr/bin/epmd"
PLUGINS = frozenset({"rabbitmq_prelaunch", "rabbitmq_management", "rabbitmq_management_agent", "rabbitmq_web_dispatch"})
SALT_BYTES = 4
LISTEN_SECONDS = 180
# The folder that a process runs in, by a name that it may always read: in a path the broker and its plugins take no
# letters but those of Latin-1. Whoever gets this environment has to run in `directory`.
HERE = "/proc/self/cwd"


def write_configuration(broker: BrokerServer, installation: Installation) -> None:
    """Write what the broker reads at its start. Definitions are applied at every start and change nothing twice."""
    folder = directory(broker, installation.settings)
    definitions = json.dumps(merged_definitions(broker, installation), indent=1)
    secret = secret_files.read(installation.settings.secrets_dir, ERLANG_COOKIE)
    text = configuration(
        "127.0.0.1",
        installation.port(broker.name),
        installation.port(f"{broker.name}.management"),
        Path(HERE, DEFINITIONS),
    )
    folder.mkdir(parents=True, exist_ok=True)
    with least_privilege.as_owner_of(folder):
        secret_files.write(folder / DEFINITIONS, definitions)
        (folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        link_plugins(folder / "plugins")
        (folder / "rabbitmq.conf").write_text(text)
        home = folder / "home"
        home.mkdir(exist_ok=True)
        cookie = home / ".erlang.cookie"
        if not cookie.exists():
            secret_files.write(cookie, secret)
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


def merged_definitions(broker: BrokerServer, installation: Installation) -> dict[str, Any]:
    """The company's topology and permissions, with the users of this installation."""
    definitions = _document(installation.path(broker.definitions))
    definitions.setdefault("vhosts", [{"name": "/"}])
    if broker.permissions is not None:
        definitions["permissions"] = _document(installation.path(broker.permissions))["permissions"]
    definitions["users"] = [
        {
            "name": user.name,
            "password_hash": password_hash(
                secret_files.read(installation.settings.secrets_dir, broker.secret_of(user.name))
            ),
            "hashing_algorithm": "rabbit_password_hashing_sha256",
            "tags": list(user.tags),
        }
        for user in broker.users
    ]
    return definitions


def _document(file: Path) -> dict[str, Any]:
    """Raises SettingError when the file holds no definitions."""
    try:
        document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"{file}: {error.strerror}; name a file with RabbitMQ's definitions.") from None
    except ValueError as error:
        raise SettingError(f"{file} is not JSON ({error}).") from None
    return document


def password_hash(password: str, salt: bytes | None = None) -> str:
    """RabbitMQ's salted SHA-256: base64 of the salt and the digest of salt and password."""
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def wait_until_listening(broker: BrokerServer, installation: Installation, check: Check = no_check) -> None:
    """Wait until the broker takes connections; it is the slowest of all to start."""

    def probe() -> str | None:
        try:
            socket.create_connection(("127.0.0.1", installation.port(broker.name)), timeout=1).close()
        except OSError as error:
            return str(error)
        return None

    wait(
        probe,
        LISTEN_SECONDS,
        lambda reason: (
            f"{broker.name} did not listen on port {installation.port(broker.name)} within {LISTEN_SECONDS} s "
            f"({reason}). See `./reduse logs {broker.name}`."
        ),
        check,
    )


def directory(broker: BrokerServer, settings: Settings) -> Path:
    return settings.data_dir / broker.name


def command() -> list[str]:
    return [str(RABBITMQ_SERVER)]


def names_command(broker: BrokerServer, installation: Installation) -> list[str]:
    """Of its epmd. Run by the supervisor, or the broker would leave one behind as a daemon."""
    return [EPMD, "-address", "127.0.0.1", "-port", str(installation.port(f"{broker.name}.names"))]


def environment(broker: BrokerServer, installation: Installation) -> dict[str, str]:
    """A node of its own: name, folders, cookie, and every listener on 127.0.0.1."""
    return {
        "HOME": f"{HERE}/home",
        "PATH": os.defpath + ":/usr/sbin:/sbin",
        "LANG": "C.UTF-8",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(installation.port(f"{broker.name}.names")),
        "RABBITMQ_NODENAME": broker.node_name,
        "RABBITMQ_DIST_PORT": str(installation.port(f"{broker.name}.distribution")),
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
