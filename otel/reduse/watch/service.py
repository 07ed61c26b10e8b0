"""A service, and what is promised of it."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from reduse.watch.record import Record
from reduse.watch.text import Text
from reduse.watch.values import Name, Seconds, Share

DURATION_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds: bounds of `http.server.request.duration` (semantic conventions for HTTP metrics)."""

USERS = "users"
"""The signal that a service has only when its users are counted."""


class Goal(StrEnum):
    """What makes a request bad: an answer with 5xx, or one that took longer than a threshold."""

    AVAILABILITY = "availability"
    LATENCY = "latency"


class Objective(Record):
    """What is promised of a service over thirty days: the part of its requests that is good."""

    goal: Goal = Field(description="`availability`: not answered with 5xx. `latency`: answered within `threshold`.")
    target: Share = Field(description="The part of requests that has to be good.")
    threshold: Seconds | None = Field(
        default=None,
        description="Of a `latency` objective: a bound of the histogram, or one of `duration_bounds`.",
    )
    name: Name | None = Field(
        default=None,
        description="The label `objective`; the goal's name when not given. Of two equal ones one needs it.",
    )

    @property
    def label(self) -> str:
        """Value of the label `objective`."""
        return self.name or self.goal.value

    @property
    def budget(self) -> float:
        """The part of requests that may be bad."""
        return round(1 - self.target, 12)


DEFAULT_OBJECTIVES = (Objective(goal=Goal.AVAILABILITY, target="99.5%"),)  # type: ignore[arg-type]
"""Of a service of which none are said, and of one that reports without being in the file."""


class Limit(Record):
    """A limit that is being considered: an alert says when it would refuse more than it may."""

    requests_per_second: Annotated[float, Field(gt=0)] = Field(
        description="For each user. One of the limits of the processor's ladder, REDUSE_PROCESSOR_LIMITS."
    )
    refused: Share = Field(default=0.01, description="The part of identified users' requests that it may refuse.")


class QueueRef(Record):
    """A queue of a broker of this file."""

    broker: Name
    queue: Name
    vhost: str = "/"


class Service(Record):
    """A service that sends OpenTelemetry metrics."""

    kind: Literal["service"] = Field(default="service", exclude=True, repr=False)
    name: Name = Field(description="`service.name` (OTEL_SERVICE_NAME).")
    namespace: Name | None = Field(default=None, description="`service.namespace`, where the service has one.")
    title: Text | None = Field(default=None, description="Its name for people; `name` when not given.")
    objectives: tuple[Objective, ...] = Field(
        default=DEFAULT_OBJECTIVES, description="What is promised of it over thirty days; an empty list: nothing."
    )
    users: bool = Field(default=False, description="Whether its users are counted; then RPS per user is a row.")
    limits: tuple[Limit, ...] = Field(default=(), description="Limits for each user that are being considered.")
    probes: tuple[Name, ...] = Field(
        default=("/healthz", "/readyz"), description="Routes that are asked by machines: no objective counts them."
    )
    container: Name | None = Field(
        default=None, description="The container it runs in, for `docker_stats`; its CPU is then the container's."
    )
    export_interval: Seconds = Field(
        default=1.0, description="Between two exports (OTEL_METRIC_EXPORT_INTERVAL); `reduse watch check` compares it."
    )
    duration_bounds: tuple[Seconds, ...] = Field(
        default=(), description="More bounds of its response times; the service needs them as REDUSE_DURATION_BOUNDS."
    )
    uses: tuple[Name, ...] = Field(default=(), description="Databases of this file, without which it fails.")
    consumes: tuple[QueueRef, ...] = Field(default=(), description="Queues that it takes messages from.")

    @property
    def job(self) -> str:
        """The label `job` of its series: its namespace, where it has one, and its name (Prometheus' OTLP mapping)."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def shown(self) -> Text:
        return self.title or Text(self.name)
