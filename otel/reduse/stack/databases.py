"""The two PostgreSQL instances: made once, then given their roles, schema and passwords at every start."""

import os
import pwd
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg2
import psycopg2.extensions
from psycopg2 import sql
from psycopg2.extensions import encrypt_password

from reduse.errors import SettingError, StackError
from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack import commands
from reduse.stack.packages import POSTGRES_BIN
from reduse.stack.waiting import Check, no_check, wait

READY_SECONDS = 60
MAX_CONNECTIONS = 60


@dataclass(frozen=True)
class Database:
    """One PostgreSQL instance with one database, and who may log in."""

    part: str
    name: str
    login_roles: tuple[str, ...]

    @property
    def secret_prefix(self) -> str:
        return self.part.replace("-", "_")

    def port(self, settings: Settings) -> int:
        port: int = getattr(settings, f"{self.secret_prefix}_port")
        return port

    def data(self, settings: Settings) -> Path:
        return settings.data_dir / self.part


SHOP_DB = Database("shop-db", "shop", ("shop_api", "crm_api", "monitoring"))
MES_DB = Database("mes-db", "mes", ("mes_api", "monitoring"))
DATABASES = (SHOP_DB, MES_DB)


def system_user() -> str | None:
    """The user PostgreSQL runs as: it refuses root, so Debian's `postgres` then; else whoever runs the stack."""
    return "postgres" if os.geteuid() == 0 else None


def check_reachable(settings: Settings) -> None:
    """Raise `SettingError` when the `postgres` user cannot enter the folder that holds its data."""
    if system_user() is None:
        return
    for folder in [settings.state_dir.absolute(), *settings.state_dir.absolute().parents]:
        if folder.exists() and not folder.stat().st_mode & 0o001:
            raise SettingError(
                f"PostgreSQL, which refuses to run as root, cannot enter {folder}: "
                "set REDUSE_STATE_DIR to a folder that others may enter, such as /var/lib/reduse."
            )


def initialise(database: Database, settings: Settings) -> None:
    """Make the instance's data folder with initdb, in one move; nothing when it is there."""
    target = database.data(settings)
    if target.exists():
        return
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    password_file = partial.parent / f"{target.name}.password"
    secret_files.write(password_file, secret_files.read(settings.secrets_dir, f"{database.secret_prefix}_superuser"))
    user = system_user()
    try:
        if user is not None:
            owner = pwd.getpwnam(user)
            os.chown(partial, owner.pw_uid, owner.pw_gid)
            os.chown(password_file, owner.pw_uid, owner.pw_gid)
        commands.run(
            [
                *(["runuser", "-u", user, "--"] if user else []),
                *[
                    str(POSTGRES_BIN / "initdb"),
                    "--pgdata",
                    str(partial),
                    "--username=postgres",
                    "--auth=scram-sha-256",
                ],
                *[f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"],
            ],
            log=settings.log_dir / "setup.log",
            cure=f"Free some disk, or remove {partial} and try again.",
            directory=Path("/"),
        )
        partial.rename(target)
    finally:
        password_file.unlink(missing_ok=True)
        shutil.rmtree(partial, ignore_errors=True)


def forget_dead_server(database: Database, settings: Settings) -> None:
    """Remove the lock file of a server that was killed: PostgreSQL takes any process with that id now for its own."""
    data = database.data(settings)
    lock = data / "postmaster.pid"
    if lock.exists() and not _servers_in(data):
        lock.unlink()


def _servers_in(data: Path) -> list[int]:
    """Process ids of PostgreSQL's own processes, which work in the data folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.name() == "postgres" and Path(process.cwd()) == data.resolve():
                found.append(process.pid)
    return found


def provision(database: Database, settings: Settings, check: Check = no_check) -> None:
    """Wait until the instance answers, then bring roles, schema, grants and passwords up to date."""
    wait_until_ready(database, settings, check)
    try:
        _provision(database, settings)
    except psycopg2.Error as error:
        check()
        raise StackError(f"{database.part}: {str(error).strip()}. See `./reduse logs {database.part}`.") from None


def _provision(database: Database, settings: Settings) -> None:
    with connect(database, "postgres", settings) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database.name])
        if cursor.fetchone() is None:
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database.name)))
    with connect(database, database.name, settings) as connection, connection.cursor() as cursor:
        cursor.execute((settings.root / "company" / "databases" / f"{database.name}.sql").read_text())
        for role in database.login_roles:
            password = secret_files.read(settings.secrets_dir, f"{database.secret_prefix}_{role}")
            # Only the verifier is sent: a failing statement would otherwise put the password into the server's log.
            verifier = encrypt_password(password, role, connection, "scram-sha-256")
            cursor.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier)))


def wait_until_ready(database: Database, settings: Settings, check: Check = no_check) -> None:
    """Wait until the instance takes connections; `StackError` with its log's name when it does not."""

    def probe() -> str | None:
        try:
            with connect(database, "postgres", settings):
                return None
        except psycopg2.OperationalError as error:
            return str(error).strip()

    wait(
        probe,
        READY_SECONDS,
        lambda reason: (
            f"{database.part} did not answer on port {database.port(settings)} within {READY_SECONDS} s "
            f"({reason}). See `./reduse logs {database.part}`."
        ),
        check,
    )


@contextmanager
def connect(database: Database, name: str, settings: Settings) -> Iterator[psycopg2.extensions.connection]:
    """A superuser's connection in autocommit mode."""
    with closing(
        psycopg2.connect(
            host=settings.database_host(database.part),
            port=database.port(settings),
            dbname=name,
            user="postgres",
            password=secret_files.read(settings.secrets_dir, f"{database.secret_prefix}_superuser"),
            connect_timeout=5,
        )
    ) as connection:
        connection.autocommit = True
        yield connection


def command(database: Database, settings: Settings) -> list[str]:
    """The server's command line; all it needs is here, so that its data folder keeps PostgreSQL's own defaults."""
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(database.port(settings)),
        "unix_socket_directories": "",
        "max_connections": str(MAX_CONNECTIONS),
        "shared_buffers": "64MB",
        "logging_collector": "off",
        "log_line_prefix": "%m [%p] %u@%d ",
    }
    return [
        *[str(POSTGRES_BIN / "postgres"), "-D", str(database.data(settings))],
        *(word for name, value in options.items() for word in ("-c", f"{name}={value}")),
    ]
