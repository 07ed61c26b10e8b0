"""The whole file: databases, brokers and services that the stack starts, and what belongs to them."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from reduse.processes.listener import Listener, Port, Prefix, prefix_of
from reduse.watch.record import Record
from reduse.watch.values import Name
from reduse.watch.wrong import refused

_PART = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
_FILE = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
LETTERS = "write letters, digits, dots, dashes and underscores"
_NODE = re.compile(r"[A-Za-z0-9][\w-]*", re.ASCII)


def _matching(pattern: re.Pattern[str], wrong: str, right: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise refused(wrong, right)
        return value

    return AfterValidator(check)


PartName = Annotated[
    str, _matching(_PART, "is no name of a process", "write letters, digits, dots, dashes and underscores")
]
"""It names a process, its log and its folder."""
FileName = Annotated[str, _matching(_FILE, "is no name of a file", "write it without a folder")]
NodeName = Annotated[str, _matching(_NODE, "is no name of a node", "write letters, digits, dashes and underscores")]

Words = Annotated[tuple[str, ...], Field(min_length=1)]
"""A command; the program first. In each word, as in an environment, `${kind:name}` is replaced: see `references`."""

PREFIX = "Names of its settings and secrets begin with it; follows from `name` when not given."


class DatabaseContent(Record):
    """One database of an instance."""

    name: Name
    sql: tuple[Name, ...] = Field(
        default=(), description="Files that a superuser runs in it at each start, from the folder of this file."
    )


class DatabaseServer(Record):
    """A PostgreSQL instance."""

    name: PartName
    prefix: Prefix | None = Field(default=None, description=PREFIX)
    port: Port
    max_connections: int = Field(default=60, ge=10, le=10_000)
    databases: tuple[DatabaseContent, ...] = ()
    roles: tuple[Name, ...] = Field(
        default=(), description="Made by the SQL; each gets a password, in the secret PREFIX_ROLE."
    )

    @property
    def prefixed(self) -> str:
        return self.prefix or prefix_of(self.name)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        return (Listener(self.name, "", f"REDUSE_{self.prefixed.upper()}_PORT", self.port),)

    @property
    def superuser_secret(self) -> str:
        return f"{self.prefixed}_superuser"

    def secret_of(self, role: str) -> str:
        """The name of the file with this role's password."""
        return f"{self.prefixed}_{prefix_of(role)}"

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.superuser_secret, *map(self.secret_of, self.roles))


class BrokerUser(Record):
    """Who may log in at a broker; the password is in the secret PREFIX_USER."""

    name: Name
    tags: tuple[Name, ...] = ()


class BrokerServer(Record):
    """A RabbitMQ broker, with a node name and ports of its own."""

    name: PartName
    prefix: Prefix | None = Field(default=None, description=PREFIX)
    node: NodeName | None = Field(
        default=None, description="Of the Erlang node, before @localhost; the prefix if not given."
    )
    port: Port
    management_port: Port
    distribution_port: Port = Field(description="On which the node would talk to others.")
    names_port: Port = Field(description="Of the node's own epmd.")
    definitions: Name = Field(description="RabbitMQ's definitions without users, from the folder of this file.")
    permissions: Name | None = Field(
        default=None, description="A file with `permissions`, where the definitions have none."
    )
    users: tuple[BrokerUser, ...] = ()

    @property
    def prefixed(self) -> str:
        return self.prefix or prefix_of(self.name)

    @property
    def node_name(self) -> str:
        return f"{self.node or self.prefixed}@localhost"

    @property
    def names_part(self) -> str:
        """The process of its epmd."""
        return f"{self.prefixed.replace('_', '-')}-names"

    @property
    def listeners(self) -> tuple[Listener, ...]:
        setting = f"REDUSE_{self.prefixed.upper()}"
        return (
            Listener(self.name, "", f"{setting}_PORT", self.port),
            Listener(self.name, "management", f"{setting}_MANAGEMENT_PORT", self.management_port),
            Listener(self.name, "distribution", f"{setting}_DISTRIBUTION_PORT", self.distribution_port),
            Listener(self.name, "names", f"{setting}_NAMES_PORT", self.names_port),
        )

    def secret_of(self, user: str) -> str:
        """The name of the file with this user's password."""
        return f"{self.prefixed}_{prefix_of(user)}"

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(self.secret_of(user.name) for user in self.users)


class ServiceProcess(Record):
    """A process of a service; it sends its metrics to the agent."""

    name: PartName
    prefix: Prefix | None = Field(default=None, description=PREFIX)
    port: Port | None = Field(default=None, description="None for one that listens on none.")
    command: Words
    instrumented: bool = Field(default=True, description="Whether it is started by `opentelemetry-instrument`.")
    python_path: tuple[Name, ...] = Field(default=(), description="Folders, from the folder of this file.")
    environment: Mapping[str, str] = Field(default={}, description="OTEL_SERVICE_NAME is `name` where not given.")
    ready: str | None = Field(default=None, pattern=r"^/", description="A path that answers 200 when it is ready.")

    @property
    def prefixed(self) -> str:
        return self.prefix or prefix_of(self.name)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        if self.port is None:
            return ()
        return (Listener(self.name, "", f"REDUSE_{self.prefixed.upper()}_PORT", self.port),)


class SecretFile(Record):
    """A secret that is no password: a command makes it, and keeps what is there of it."""

    name: FileName
    command: Words


class SetUp(Record):
    """A command that is run at each start, when databases are there and services start."""

    name: PartName
    command: Words
    service: Name = Field(description="The service of this file whose environment it has.")


class Load(Record):
    """The demonstration load: locust, for REDUSE_LOAD_MINUTES."""

    locustfile: Name = Field(description="From the folder of this file.")
    users: int = Field(default=20, ge=1, le=10_000)
    environment: Mapping[str, str] = {}


class Link(Record):
    """What people open; shown when all is up."""

    title: str
    url: str


class OwnSetting(Record):
    """A setting of the company's own: an environment variable, for commands and environments of this file."""

    name: Annotated[str, Field(pattern=r"^REDUSE_[A-Z][A-Z0-9_]*$")]
    kind: Literal["text", "whole number", "number"] = "text"
    default: str | int | float
    minimum: float | None = None
    maximum: float | None = None
    help: str


class Processes(Record):
    """What the stack starts for a company beside the pipeline."""

    databases: tuple[DatabaseServer, ...] = ()
    brokers: tuple[BrokerServer, ...] = ()
    services: tuple[ServiceProcess, ...] = ()
    secrets: tuple[SecretFile, ...] = ()
    set_up: tuple[SetUp, ...] = ()
    load: Load | None = None
    links: tuple[Link, ...] = ()
    settings: tuple[OwnSetting, ...] = ()
    agent_environment: Mapping[str, str] = Field(
        default={},
        description="What `${env:…}` in the watch file stand for: where the agent finds what is started.",
    )

    @property
    def servers(self) -> Iterator[DatabaseServer | BrokerServer | ServiceProcess]:
        """Everything that listens, in the order of the file."""
        yield from self.databases
        yield from self.brokers
        yield from self.services

    @property
    def listeners(self) -> Iterator[Listener]:
        for server in self.servers:
            yield from server.listeners

    @property
    def passwords(self) -> tuple[str, ...]:
        """The names of all files with a password."""
        of_databases = (name for database in self.databases for name in database.secrets)
        return (*of_databases, *(name for broker in self.brokers for name in broker.secrets))

    @property
    def texts(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every text in which references are replaced, with its place in the file."""
        for number, service in enumerate(self.services):
            yield from _words(("services", number), service.command)
            yield from _environment(("services", number), service.environment)
        for key in ("secrets", "set_up"):
            for number, entry in enumerate(getattr(self, key)):
                yield from _words((key, number), entry.command)
        if self.load is not None:
            yield from _environment(("load",), self.load.environment)
        for number, link in enumerate(self.links):
            yield ("links", number, "url"), link.url
        for name, text in self.agent_environment.items():
            yield ("agent_environment", name), text


def _words(place: tuple[str | int, ...], words: Words) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for number, word in enumerate(words):
        yield (*place, "command", number), word


def _environment(
    place: tuple[str | int, ...], environment: Mapping[str, str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for name, text in environment.items():
        yield (*place, "environment", name), text
