"""The processes of one company as parts of the stack, and the commands that set them up."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from reduse.processes.model import ServiceProcess
from reduse.settings.passthrough import DISTRO_SETTINGS, given
from reduse.settings.stack import Settings
from reduse.stack import broker, commands, company_files, databases, security
from reduse.stack.installation import Installation
from reduse.stack.part import LOAD, SERVICES, STORES, Part
from reduse.watch.policies import service_settings

SET_UP = "set-up-"
"""The names of set-up commands, as parts, begin with it."""


def stores(installation: Installation) -> Iterator[Part]:
    """Databases and brokers."""
    for database in installation.processes.databases:
        yield Part(
            database.name,
            STORES,
            databases.command(database, installation),
            system_user=databases.SYSTEM_USER,
            owns=(databases.data(database, installation.settings),),
            # SIGINT is PostgreSQL's fast shutdown: sessions are ended, nothing is lost.
            stop_signal="INT",
        )
    for server in installation.processes.brokers:
        yield Part(server.names_part, STORES, broker.names_command(server, installation))
        yield Part(
            server.name,
            STORES,
            broker.command(),
            broker.environment(server, installation),
            directory=broker.directory(server, installation.settings),
            owns=(broker.directory(server, installation.settings),),
        )


def services(installation: Installation) -> Iterator[Part]:
    """Each is put under watch by `opentelemetry-instrument` and nothing else."""
    for service in installation.processes.services:
        yield Part(
            service.name,
            SERVICES,
            service_command(service, installation),
            service_environment(service, installation),
            directory=installation.folder,
        )


def service_command(service: ServiceProcess, installation: Installation) -> list[str]:
    command = installation.command(service.command)
    if not service.instrumented:
        return command
    return [str(Path(sys.executable).with_name("opentelemetry-instrument")), *command]


def service_environment(service: ServiceProcess, installation: Installation) -> dict[str, str]:
    """What the stack gives every service, and over it what its company says."""
    settings = installation.settings
    return {
        **given(DISTRO_SETTINGS),
        "OTEL_SERVICE_NAME": service.name,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"{security.scheme(settings)}://127.0.0.1:{settings.agent_http_port}",
        **security.service_environment(settings),
        "REDUSE_USER_HASH_KEY_FILE": str(settings.secrets_dir / "user_hash_key"),
        **_policies(service, settings),
        **({"PYTHONPATH": installation.python_path(service)} if service.python_path else {}),
        **installation.environment(service.environment),
    }


def _policies(service: ServiceProcess, settings: Settings) -> Mapping[str, str]:
    """As the company's file has them, of the service of this name."""
    watched = (each for each in company_files.company(settings).services if each.name == service.name)
    return next(map(service_settings, watched), {})


def set_up_commands(installation: Installation) -> Iterator[Part]:
    """The company's set-up commands, each with the environment of its service. They are run, and not kept running."""
    for command in installation.processes.set_up:
        service = installation.service(command.service)
        yield Part(
            f"{SET_UP}{command.name}",
            SERVICES,
            installation.command(command.command),
            service_environment(service, installation),
            directory=installation.folder,
            restarts=False,
        )


def set_up(wanted: Iterable[Part], installation: Installation) -> None:
    """Run the set-up commands, one after another. Raises CommandError when one fails."""
    for command in wanted:
        commands.run(
            command.arguments({}),
            shown=command.command,
            log=installation.settings.log_dir / "setup.log",
            cure=f"It is `set_up` of {command.name.removeprefix(SET_UP)}; see `./reduse status`.",
            environment={"PATH": os.environ["PATH"]},
        )


def load(installation: Installation) -> Iterator[Part]:
    """The demonstration load, where there is one; it ends by itself."""
    wanted = installation.processes.load
    if wanted is None:
        return
    yield Part(
        "load",
        LOAD,
        [
            *[sys.executable, "-m", "locust", "--locustfile", str(installation.path(wanted.locustfile))],
            *["--headless", "--only-summary", "--users", str(wanted.users), "--spawn-rate", str(wanted.users)],
            *["--stop-timeout", "10", "--run-time", f"{installation.settings.load_minutes}m"],
        ],
        installation.environment(wanted.environment),
        directory=installation.folder,
        restarts=False,
    )
