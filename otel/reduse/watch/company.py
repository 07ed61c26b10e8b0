"""The whole file."""

from collections.abc import Iterator

from pydantic import Field

from reduse.watch.notification import Notification, Receiver
from reduse.watch.record import Record
from reduse.watch.service import Service
from reduse.watch.stores import Broker, Database
from reduse.watch.text import LanguageTag, Text
from reduse.watch.values import Name

Part = Service | Database | Broker
"""What is watched."""


class TableRow(Record):
    """A row of the company's table, in its own words."""

    signal: Name = Field(description="The signal: `requests`, `latency`, `users`, `cpu`, `connections` and others.")
    of: Name = Field(description="The name of a service, database or broker of this file.")
    title: Text | None = Field(default=None, description="Title of the row; the signal's own by default.")
    motivation: Text | None = Field(
        default=None, description="Why it is monitored; shown in the plan and on the dashboards."
    )


class Columns(Record):
    """Headings of the columns of the plan's table."""

    metric: Text = Field(default=Text("Metric"), description="Heading of the column with the titles of the rows.")
    labels: Text = Field(default=Text("Labels"), description="Heading of the column with the labels.")
    service: Text = Field(
        default=Text("Service"), description="Heading of the column with services, databases and brokers."
    )
    motivation: Text = Field(default=Text("Motivation"), description="Heading of the column with the motivations.")


class Company(Record):
    """What a company has watched, who is told of it, and in which words."""

    company: Text = Field(description="The name of the company or of the monitored system.")
    languages: tuple[LanguageTag, ...] = Field(
        default=("en",), min_length=1, max_length=20, description="The languages of the plan."
    )
    services: tuple[Service, ...] = Field(default=(), max_length=2_000, description="Services that send metrics.")
    databases: tuple[Database, ...] = Field(default=(), max_length=500, description="PostgreSQL instances.")
    brokers: tuple[Broker, ...] = Field(default=(), max_length=100, description="RabbitMQ brokers.")
    receivers: tuple[Receiver, ...] = Field(default=(), max_length=200, description="Receivers of alerts.")
    notify: tuple[Notification, ...] = Field(
        default=(), max_length=1_000, description="Which receiver gets which alerts."
    )
    table: tuple[TableRow, ...] | None = Field(
        default=None,
        max_length=5_000,
        description="The rows of the company's table, in their order; when not given, every signal that has a row, of "
        "every part.",
    )
    columns: Columns = Field(default=Columns(), description="Headings of the columns of the plan's table.")

    @property
    def parts(self) -> Iterator[Part]:
        """Everything that is watched, in the order of the file."""
        yield from self.services
        yield from self.databases
        yield from self.brokers

    def part(self, name: str) -> Part:
        """The part that has this job, else this name. Raises KeyError when there is none."""
        by_name = {part.name: part for part in self.parts}
        by_job = {part.job: part for part in self.parts}
        return (by_name | by_job)[name]
