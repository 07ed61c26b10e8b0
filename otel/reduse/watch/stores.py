"""What the agent reads by itself: databases and brokers."""

from typing import ClassVar, Literal

from pydantic import Field

from reduse.watch.record import Record
from reduse.watch.text import Text
from reduse.watch.values import ForeignName, HostAndPort, Name, Pattern, ScrapeSeconds, WebAddress

PASSWORD_FILE = "A file with the password alone, on one line. A relative path is below the folder of this file."  # noqa: S105


class Tls(Record):
    """How the connection is secured. Without it there is no TLS, which is for one machine only."""

    ca_file: ForeignName | None = Field(
        default=None,
        description="The CAs with which the server's certificate is verified; those of the system by default.",
    )
    cert_file: ForeignName | None = Field(
        default=None, description="Client certificate, if the server requires one; with `key_file`."
    )
    key_file: ForeignName | None = Field(default=None, description="The key of that certificate.")
    server_name: ForeignName | None = Field(
        default=None, description="The name in the server's certificate, if it differs from the address."
    )


class Scraped(Record):
    """What the agent reads by itself, and is known by its name."""

    name: Name = Field(description="The label `job` of its series.")
    title: Text | None = Field(default=None, description="The display name; `name` by default.")

    @property
    def job(self) -> str:
        return self.name

    @property
    def shown(self) -> Text:
        return self.title or Text(self.name)


class Database(Scraped):
    """A PostgreSQL instance: all its databases are read over one connection."""

    kind: ClassVar[Literal["database"]] = "database"
    endpoint: HostAndPort = Field(description="Its address, as host:port.")
    username: ForeignName = Field(default="monitoring", description="A role that is a member of `pg_monitor`.")
    password_file: ForeignName = Field(description=PASSWORD_FILE)
    databases: tuple[ForeignName, ...] = Field(
        default=(), max_length=200, description="The databases to monitor; all by default."
    )
    interval: ScrapeSeconds = Field(default=5.0, description="The scrape interval, at most 10s.")
    tls: Tls | None = Field(default=None, description="TLS of the connection; none by default.")


class Broker(Scraped):
    """A RabbitMQ broker, read over its management API."""

    kind: ClassVar[Literal["broker"]] = "broker"
    management_url: WebAddress = Field(description="The URL of its management API, without `/api`.")
    username: ForeignName = Field(default="monitoring", description="A user with the tag `monitoring`.")
    password_file: ForeignName = Field(description=PASSWORD_FILE)
    vhosts: tuple[ForeignName, ...] = Field(
        default=(), max_length=200, description="The virtual hosts to monitor; by default all that the user can see."
    )
    dead_letter_queues: tuple[Pattern, ...] = Field(
        default=(),
        max_length=100,
        description="Patterns of names of queues that hold dead letters, beside those of which that follows from "
        "exchanges, bindings, arguments and policies.",
    )
    retry_queues: tuple[Pattern, ...] = Field(
        default=(), max_length=100, description="Patterns of the names of queues in which messages wait for a retry."
    )
    queues_without_consumer: tuple[Pattern, ...] = Field(
        default=(),
        max_length=100,
        description="Patterns of the names of queues that need no consumer, such as one that is emptied every night.",
    )
    interval: ScrapeSeconds = Field(default=5.0, description="The scrape interval, at most 10s.")
    tls: Tls | None = Field(default=None, description="TLS of the connection; none by default.")
