"""A PostgreSQL instance tried as the agent reads it.

pg8000 and not psycopg2: of a refused connection libpq gives a sentence in the server's language, and no code.
"""

import difflib
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection

from reduse.operation.watching import connecting
from reduse.operation.watching.finding import Finding, missing, note, ok
from reduse.operation.watching.lookup import Lookup, NotThereError
from reduse.watch.stores import Database

DATABASE = "postgres"
"""The one that the agent connects to."""

APPLICATION_NAME = "reduse-watch-check"
SSL_REQUEST = (8).to_bytes(4, "big") + (80_877_103).to_bytes(4, "big")
SHOWN_DATABASES = 10

# SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
REASONS = {
    "3D000": "no_database",
    "42501": connecting.PERMISSION,
    "57014": connecting.TIMEOUT,
    "55P03": connecting.TIMEOUT,
    "57P01": "not_ready",
    "57P02": "not_ready",
    "57P03": "not_ready",
}
# One code for three limits: the server's function tells them apart, whatever its language.
LIMITS = {"InitializeSessionUserId": "role_limit", "CheckMyDatabase": "database_limit"}

STATE = """
SELECT
    pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'),
    pg_catalog.current_setting('track_counts')::boolean,
    (SELECT rolconnlimit FROM pg_catalog.pg_roles WHERE rolname = current_user),
    (SELECT coalesce(json_agg(datname ORDER BY datname), '[]') FROM pg_catalog.pg_database WHERE NOT datistemplate),
    pg_catalog.current_setting('server_version')
"""


class TlsRefusedError(Exception):
    """The server speaks no TLS."""


@dataclass(frozen=True, slots=True)
class Instance:
    """What an instance says of itself and of the role; `limit` of its connections, -1 for none."""

    reads_all: bool
    counts: bool
    limit: int
    databases: tuple[str, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where and as whom to connect; without `tls` there is none."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    tls: ssl.SSLContext | None = None
    server_name: str | None = None


def check(database: Database, lookup: Lookup) -> Iterator[Finding]:
    """Everything that the agent needs of this instance, tried; what is not given away by an error comes first."""
    name = database.name
    try:
        target, findings = target_of(database, lookup)
    except NotThereError as error:
        yield error.finding
        return
    yield from findings
    try:
        instance = read(target)
    except (DatabaseError, InterfaceError, OSError, TlsRefusedError) as error:
        yield refusal(name, target, error)
        return
    yield from judge(database, target.username, instance)


def target_of(database: Database, lookup: Lookup) -> tuple[Target, list[Finding]]:
    """Where this database is, and what is wrong with its files. Raises NotThereError."""
    name = database.name
    host, _, port = lookup.known(name, "endpoint", database.endpoint).rpartition(":")
    if not host or not port.isdigit():
        told = "`endpoint` is not host:port with the current environment variables"
        raise NotThereError(missing(name, told, "correct the values of its variables"))
    username = lookup.known(name, "username", database.username)
    password, findings = lookup.secret(name, "password_file", database.password_file)
    target = Target(host.strip("[]"), int(port), username, password)
    if database.tls is None:
        return target, findings
    context = connecting.tls_context(lookup.tls_files(name, database.tls), name)
    return replace(target, tls=context, server_name=database.tls.server_name), findings


def read(target: Target) -> Instance:
    """Ask the instance. Raises DatabaseError, InterfaceError, OSError, TlsRefusedError."""
    with connected(target) as connection:
        row = connection.run(STATE)[0]
    return Instance(row[0], row[1], row[2], tuple(row[3]), str(row[4]).split(" ")[0])


@contextmanager
def connected(target: Target) -> Iterator[Any]:
    address = (target.host, target.port)
    with (
        closing(socket.create_connection(address, connecting.TIMEOUT_SECONDS)) as plain,
        closing(_secured(plain, target)) as secured,
    ):
        connection = Connection(
            target.username,
            database=DATABASE,
            password=target.password,
            sock=secured,
            ssl_context=False,
            application_name=APPLICATION_NAME,
        )
        try:
            yield connection
        finally:
            connection.close()


def _secured(plain: socket.socket, target: Target) -> socket.socket:
    if target.tls is None:
        return plain
    plain.sendall(SSL_REQUEST)
    if plain.recv(1) != b"S":
        raise TlsRefusedError
    return target.tls.wrap_socket(plain, server_hostname=target.server_name or target.host)


def reason_of(error: BaseException) -> str:
    """As the receiver puts it: collector/receivers/postgresql/reason.go."""
    if isinstance(error, TlsRefusedError):
        return connecting.TLS
    if not isinstance(error, DatabaseError):
        return connecting.reason_of(error)
    told = fields(error)
    state = told.get("C", "")
    if state == "53300":
        return LIMITS.get(told.get("R", ""), "exhausted")
    if state.startswith("28"):
        return connecting.AUTHENTICATION
    return REASONS.get(state, connecting.OTHER)


def fields(error: DatabaseError) -> Mapping[str, str]:
    """Of the server's refusal: https://www.postgresql.org/docs/current/protocol-error-fields.html"""
    return error.args[0] if error.args and isinstance(error.args[0], dict) else {}


def refusal(of: str, target: Target, error: BaseException) -> Finding:
    """Why there is no connection, and the cure."""
    reason = reason_of(error)
    role = quoted(target.username)
    where = f"{target.host}:{target.port}"
    if reason == connecting.AUTHENTICATION and "28000" in fields_of(error):
        told = f"role {role} is not let in from this machine, or does not exist, or must use TLS"
        return missing(of, told, "add a line for it to pg_hba.conf, create the role, or give `tls`", reason)
    told, cure = {
        connecting.AUTHENTICATION: (
            f"the password of role {role} is wrong, or there is no such role",
            f"put the role's password into the file, or `CREATE ROLE {role} LOGIN PASSWORD '…' IN ROLE pg_monitor`",
        ),
        connecting.PERMISSION: (
            f"role {role} may not connect to the database {DATABASE}",
            f"`GRANT CONNECT ON DATABASE {DATABASE} TO {role}`",
        ),
        "no_database": (f"the database {DATABASE} does not exist there", f"create it, and let {role} connect to it"),
        "exhausted": ("all connections that this role may use are in use", "raise max_connections, or use fewer"),
        "role_limit": (
            f"the connection limit of role {role} is reached; the agent holds one",
            f"`ALTER ROLE {role} CONNECTION LIMIT 3`",
        ),
        "database_limit": (
            f"the connection limit of the database {DATABASE} is reached",
            f"`ALTER DATABASE {DATABASE} CONNECTION LIMIT -1`",
        ),
        "not_ready": ("the instance is starting, stopping or recovering", "try again when it has"),
        connecting.TLS: (
            "TLS with the settings in the file failed",
            "check `tls`: whether the server supports TLS, which CA signed its certificate, and which name is in it",
        ),
        connecting.TIMEOUT: (
            f"{where} does not answer within {connecting.TIMEOUT_SECONDS:g} s",
            "allow this machine in the firewall, or correct `endpoint`",
        ),
        connecting.UNREACHABLE: (f"nothing listens at {where}", "start it, or correct `endpoint`"),
    }.get(reason, ("the server refuses", f"see its log ({fields_of(error) or 'no code'})"))
    return missing(of, told, cure, reason)


def fields_of(error: BaseException) -> str:
    return fields(error).get("C", "") if isinstance(error, DatabaseError) else ""


def judge(database: Database, username: str, instance: Instance) -> Iterator[Finding]:
    """What the agent would miss there."""
    of, role = database.name, quoted(username)
    if not instance.reads_all:
        told = f"role {role} may not see the sessions of other roles"
        yield missing(of, told, f"`GRANT pg_monitor TO {role}`", connecting.PERMISSION)
    if not instance.counts:
        told = "track_counts is off: transactions, rollbacks, deadlocks and the cache are not counted"
        yield missing(of, told, "`ALTER SYSTEM SET track_counts = on; SELECT pg_reload_conf()`")
    if instance.limit == 1:
        told = f"role {role} may have one connection only: the agent has no second one when its first hangs"
        yield missing(of, told, f"`ALTER ROLE {role} CONNECTION LIMIT 3`")
    absent = [name for name in database.databases if name not in instance.databases]
    for name in absent:
        near = difflib.get_close_matches(name, instance.databases, n=1)
        cure = f"did you mean {quoted(near[0])}?" if near else f"there are {listed(instance.databases)}"
        yield missing(of, f"the database {quoted(name)} does not exist there", cure, "no_database")
    if instance.reads_all:
        shown = [name for name in database.databases if name not in absent] or instance.databases
        yield ok(of, f"PostgreSQL {instance.version}, {listed(shown)}")
    else:
        yield note(of, f"PostgreSQL {instance.version} answers")


def listed(names: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(names[:SHOWN_DATABASES])
    return f"{shown} and {len(names) - SHOWN_DATABASES} more" if len(names) > SHOWN_DATABASES else shown


def quoted(name: str) -> str:
    """An identifier as SQL has it."""
    return '"' + name.replace('"', '""') + '"'
