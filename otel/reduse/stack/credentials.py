"""The secrets of one installation: random, one file each with mode 0600, made once and kept."""

import os
from collections.abc import Collection
from pathlib import Path

from reduse.operation.access import CONSOLE_TOKEN
from reduse.processes.model import Processes
from reduse.settings import secret_files
from reduse.settings.secret_files import password, write
from reduse.stack import commands
from reduse.stack.broker import ERLANG_COOKIE
from reduse.stack.installation import Installation

PASSWORDS = ("user_hash_key", "grafana_admin", "agent_token", "prometheus_password", CONSOLE_TOKEN)
"""Of the pipeline."""


def passwords(processes: Processes) -> tuple[str, ...]:
    """The names of all passwords and keys: the pipeline's, and those of a company's processes."""
    return (*processes.passwords, *([ERLANG_COOKIE] if processes.brokers else []), *PASSWORDS)


def create(directory: Path, names: Collection[str]) -> None:
    """Make the secrets that are not there yet."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    secret_files.close(directory)
    for name in names:
        if not (directory / name).exists():
            write(directory / name, password())


def create_all(installation: Installation, log: Path) -> None:
    """The same of all of an installation, and let its company's commands make the others; `log`: of these."""
    settings = installation.settings
    create(settings.secrets_dir, passwords(installation.processes))
    for secret in installation.processes.secrets:
        commands.run(
            installation.command(secret.command),
            log=log,
            cure=f"It is to make the secret {secret.name}.",
            environment={"PATH": os.environ["PATH"]},
            directory=installation.folder,
        )
