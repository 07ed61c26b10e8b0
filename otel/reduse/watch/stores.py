"""What the agent reads by itself: databases and brokers."""

from typing import Literal

from pydantic import Field

from reduse.watch.record import Record
from reduse.watch.text import Text
from reduse.watch.values import HostAndPort, Name, Pattern, Seconds, WebAddress

PASSWORD_FILE = "A file with the password alone. A relative path is below the folder of this file."  # noqa: S105


class Tls(Record):
    """How the connection is secured. Without it there is none, which is for one machine only."""

    ca_file: Name | None = Field(default=None, description="Authorities that the server's certificate is checked by.")
    cert_file: Name | None = Field(default=None, description="Our certificate, where the server asks for one.")
    key_file: Name | None = None
    server_name: Name | None = Field(default=None, description="The name in the certificate, where it is another.")


class Database(Record):
    """A PostgreSQL instance: all its databases are read over one connection."""

    kind: Literal["database"] = Field(default="database", exclude=True, repr=False)
    name: Name = Field(description="The label `job` of its series.")
    title: Text | None = Field(default=None, description="Its name for people; `name` when not given.")
    endpoint: HostAndPort = Field(description="host:port.")
    username: Name = Field(default="monitoring", description="A role with the rights of pg_monitor.")
    password_file: Name = Field(description=PASSWORD_FILE)
    databases: tuple[Name, ...] = Field(default=(), description="Which of its databases; all when not given.")
    interval: Seconds = Field(default=5.0, description="Between two scrapes.")
    tls: Tls | None = None

    @property
    def job(self) -> str:
        return self.name

    @property
    def shown(self) -> Text:
        return self.title or Text(self.name)


class Broker(Record):
    """A RabbitMQ broker, read over its management API."""

    kind: Literal["broker"] = Field(default="broker", exclude=True, repr=False)
    name: Name = Field(description="The label `job` of its series.")
    title: Text | None = Field(default=None, description="Its name for people; `name` when not given.")
    management_url: WebAddress = Field(description="Of the management API, without /api.")
    username: Name = Field(default="monitoring", description="A user with the tag `monitoring`.")
    password_file: Name = Field(description=PASSWORD_FILE)
    vhosts: tuple[str, ...] = Field(default=(), description="Which virtual hosts; all that it may see when not given.")
    dead_letter_queues: tuple[Pattern, ...] = Field(
        default=(),
        description="Queues that hold dead letters beside those that follow from exchanges, bindings and policies.",
    )
    retry_queues: tuple[Pattern, ...] = Field(default=(), description="Queues in which messages wait to be retried.")
    queues_without_consumer: tuple[Pattern, ...] = Field(
        default=(), description="Queues that need no consumer, such as those that are emptied once a night."
    )
    interval: Seconds = Field(default=5.0, description="Between two scrapes.")
    tls: Tls | None = None

    @property
    def job(self) -> str:
        return self.name

    @property
    def shown(self) -> Text:
        return self.title or Text(self.name)
