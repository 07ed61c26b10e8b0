"""A real PostgreSQL for tests."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its classes in lower case

from tests.ports import free_port
from tests.process import Process
from tests.waiting import PATIENCE_SECONDS

BINARIES = Path("/usr/lib/postgresql/15/bin")
SUPERUSER = "postgres"
SERVER_USER = "postgres"
PASSWORD = "superuser-of-a-test"


class Postgres:
    """A cluster on 127.0.0.1, which can be stopped and started again."""

    host = "127.0.0.1"

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        self.port = free_port()
        self._directory = directory
        self._settings = settings
        self._process: Process | None = None

    def start(self) -> None:
        """Start, and return when it answers."""
        settings = {
            "listen_addresses": self.host,
            "port": self.port,
            "unix_socket_directories": self._directory,
            "fsync": "off",
            **self._settings,
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command: list[str | Path] = [BINARIES / "postgres", "-D", self._directory / "data", *options]
        self._process = Process(command, self._directory / "log", directory=Path("/"), **_as_server_user())
        self._process.start()
        self._process.wait_until(self._answers)

    def stop(self) -> None:
        """Stop at once: sessions are ended, as when a server fails."""
        if self._process is None:
            return
        self._process.terminate()
        # SIGTERM waits for clients to leave; SIGINT after it ends their sessions.
        self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE_SECONDS)
        self._process = None

    def connect(self, database: str = SUPERUSER, user: str = SUPERUSER, password: str = PASSWORD) -> Connection:
        """A connection that commits each statement."""
        connection = psycopg2.connect(
            host=self.host,
            port=self.port,
            dbname=database,
            user=user,
            password=password,
            connect_timeout=int(PATIENCE_SECONDS),
        )
        connection.autocommit = True
        return connection

    def execute(
        self, query: str | sql.Composed, parameters: tuple[object, ...] = (), *, database: str
    ) -> list[tuple[Any, ...]]:
        """What the superuser gets for a statement; no rows for one that has none."""
        with closing(self.connect(database)) as connection, connection.cursor() as cursor:
            # Without parameters a percent sign is a percent sign.
            cursor.execute(query, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def create_database(self, name: str, script: Path, passwords: dict[str, str]) -> None:
        """A database as the script makes it, with passwords for the roles that log in."""
        self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)), database=SUPERUSER)
        self.execute(script.read_text(encoding="utf-8"), database=name)
        for role, password in passwords.items():
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
            self.execute(statement, database=name)

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg2.OperationalError:
            return False
        return True


@contextmanager
def start_postgres(settings: Mapping[str, str] | None = None) -> Iterator[Postgres]:
    """A new, empty cluster on a free port; it ends with the block, and its data with it."""
    with _folder() as directory:
        password_file = directory / "password"
        password_file.write_text(PASSWORD)
        password_file.chmod(0o644)
        _run(
            "initdb",
            "-D",
            str(directory / "data"),
            "-U",
            SUPERUSER,
            "--no-sync",
            "--encoding=UTF8",
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--locale=C",
        )
        with _running(Postgres(directory, settings or {})) as server:
            yield server


@contextmanager
def start_standby(primary: Postgres, name: str) -> Iterator[Postgres]:
    """A standby of the primary, which knows it by this name; it ends with the block, and its data with it."""
    source = f"host={primary.host} port={primary.port} user={SUPERUSER} password={PASSWORD} application_name={name}"
    with _folder() as directory:
        _run("pg_basebackup", "-d", source, "-D", str(directory / "data"), "-R", "--checkpoint=fast", "--no-sync")
        with _running(Postgres(directory, {})) as server:
            yield server


@contextmanager
def _folder() -> Iterator[Path]:
    # Not pytest's own folder: the user `postgres` may not enter it.
    with tempfile.TemporaryDirectory(prefix="reduse-test-postgres-") as directory:
        if os.geteuid() == 0:
            shutil.chown(directory, SERVER_USER, SERVER_USER)
        yield Path(directory)


@contextmanager
def _running(server: Postgres) -> Iterator[Postgres]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _run(program: str, *arguments: str) -> None:
    finished = subprocess.run(
        [str(BINARIES / program), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        timeout=PATIENCE_SECONDS,
        check=False,
        **_as_server_user(),
    )
    if finished.returncode:
        raise RuntimeError(finished.stdout.decode(errors="replace"))


def _as_server_user() -> dict[str, Any]:
    """Options of a process: PostgreSQL refuses to run as root."""
    return {"user": SERVER_USER, "group": SERVER_USER, "extra_groups": []} if os.geteuid() == 0 else {}
