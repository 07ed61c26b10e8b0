"""PostgreSQL instances: each made once, then given their roles, schema and passwords at every start."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil
import psycopg2
import psycopg2.extensions
from psycopg2 import sql
from psycopg2.extensions import encrypt_password

from reduse.errors import StackError
from reduse.processes.model import DatabaseServer
from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack import commands, identity, programs
from reduse.stack.installation import Installation
from reduse.stack.waiting import Check, no_check, wait

READY_SECONDS = 60
SYSTEM_USER = "postgres"
"""Of Debian's package, as whom PostgreSQL runs where root starts it: it refuses root, and users without a name."""


def data(database: DatabaseServer, settings: Settings) -> Path:
    """The instance's data folder."""
    return settings.data_dir / database.name


def initialise(database: DatabaseServer, installation: Installation) -> None:
    """Make the instance's data folder with initdb, in one move; nothing when it is there."""
    target = data(database, installation.settings)
    if target.exists():
        return
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    password_file = partial.parent / f"{target.name}.password"
    secret_files.write(password_file, secret_files.read(installation.settings.secrets_dir, database.superuser_secret))
    owner = identity.of_system_user(SYSTEM_USER) if identity.privileged() else None
    try:
        if owner is not None:
            os.chown(partial, owner.user, owner.group)
            os.chown(password_file, owner.user, owner.group)
        commands.run(
            [
                *(owner.prefix() if owner else []),
                *[
                    str(programs.postgresql(installation.settings) / "initdb"),
                    "--pgdata",
                    str(partial),
                    "--username=postgres",
                    "--auth=scram-sha-256",
                ],
                *[f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"],
            ],
            log=installation.settings.log_dir / "setup.log",
            cure=f"Free some disk, or remove {partial} and try again.",
            directory=Path("/"),
        )
        partial.rename(target)
    finally:
        password_file.unlink(missing_ok=True)
        shutil.rmtree(partial, ignore_errors=True)


def forget_dead_server(database: DatabaseServer, settings: Settings) -> None:
    """Remove the lock file of a server that was killed: PostgreSQL takes any process with that id now for its own."""
    folder = data(database, settings)
    lock = folder / "postmaster.pid"
    if lock.exists() and not _servers_in(folder):
        lock.unlink()


def _servers_in(folder: Path) -> list[int]:
    """Process ids of PostgreSQL's own processes, which work in the data folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.name() == "postgres" and Path(process.cwd()) == folder.resolve():
                found.append(process.pid)
    return found


def provision(database: DatabaseServer, installation: Installation, check: Check = no_check) -> None:
    """Wait until the instance answers, then bring roles, schema, grants and passwords up to date."""
    wait_until_ready(database, installation, check)
    try:
        _provision(database, installation)
    except psycopg2.Error as error:
        check()
        raise StackError(f"{database.name}: {str(error).strip()}. See `./reduse logs {database.name}`.") from None


def _provision(database: DatabaseServer, installation: Installation) -> None:
    with connect(database, "postgres", installation) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        there = {name for (name,) in cursor.fetchall()}
        for content in database.databases:
            if content.name not in there:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(content.name)))
    for content in database.databases:
        if content.sql:
            with connect(database, content.name, installation) as connection, connection.cursor() as cursor:
                for file in content.sql:
                    cursor.execute(installation.path(file).read_text(encoding="utf-8"))
    with connect(database, "postgres", installation) as connection, connection.cursor() as cursor:
        for role in database.roles:
            password = secret_files.read(installation.settings.secrets_dir, database.secret_of(role))
            # Only the verifier is sent: a failing statement would otherwise put the password into the server's log.
            verifier = encrypt_password(password, role, connection, "scram-sha-256")
            cursor.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier)))


def wait_until_ready(database: DatabaseServer, installation: Installation, check: Check = no_check) -> None:
    """Wait until the instance takes connections; `StackError` with its log's name when it does not."""

    def probe() -> str | None:
        try:
            with connect(database, "postgres", installation):
                return None
        except psycopg2.OperationalError as error:
            return str(error).strip()

    wait(
        probe,
        READY_SECONDS,
        lambda reason: (
            f"{database.name} did not answer on port {installation.port(database.name)} within {READY_SECONDS} s "
            f"({reason}). See `./reduse logs {database.name}`."
        ),
        check,
    )


@contextmanager
def connect(
    database: DatabaseServer, name: str, installation: Installation
) -> Iterator[psycopg2.extensions.connection]:
    """A superuser's connection in autocommit mode."""
    with closing(
        psycopg2.connect(
            host=installation.host(database.name),
            port=installation.port(database.name),
            dbname=name,
            user="postgres",
            password=secret_files.read(installation.settings.secrets_dir, database.superuser_secret),
            connect_timeout=5,
        )
    ) as connection:
        connection.autocommit = True
        yield connection


def command(database: DatabaseServer, installation: Installation) -> list[str]:
    """The server's command line; all it needs is here, so that its data folder keeps PostgreSQL's own defaults."""
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(installation.port(database.name)),
        "unix_socket_directories": "",
        "max_connections": str(database.max_connections),
        "shared_buffers": "64MB",
        "logging_collector": "off",
        "log_line_prefix": "%m [%p] %u@%d ",
    }
    return [
        *[
            str(programs.postgresql(installation.settings) / "postgres"),
            "-D",
            str(data(database, installation.settings)),
        ],
        *(word for name, value in options.items() for word in ("-c", f"{name}={value}")),
    ]
