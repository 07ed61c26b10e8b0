"""A service, and what is promised of it."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from reduse.limit import MOST_REQUESTS, Period
from reduse.limit import Limit as RateLimit
from reduse.policies import Policy as ListedPolicy
from reduse.policies import parse_endpoint
from reduse.watch.record import Record
from reduse.watch.text import Text
from reduse.watch.values import EndpointText, Flag, ForeignLabel, ForeignName, Name, Number, PolicyName, Seconds, Share
from reduse.wire import MOST_POLICIES

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

    goal: Goal = Field(
        description="What makes a request good. `availability`: it is not answered with 5xx. `latency`: it is answered "
        "within `threshold`."
    )
    target: Share = Field(description="The fraction of requests that must be good.")
    threshold: Seconds | None = Field(
        default=None,
        description="Of a `latency` objective: a bound of the response times' histogram (5ms, 10ms, 25ms, 50ms, 75ms, "
        "100ms, 250ms, 500ms, 750ms, 1s, 2.5s, 5s, 7.5s, 10s), or one of the service's `duration_bounds`.",
    )
    name: Name | None = Field(
        default=None,
        description="The label `objective`; the goal when not given. Of two objectives with one goal, one needs it.",
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
    """A limit for each user that is being considered: an alert says when it would refuse more than it may."""

    requests_per_second: Annotated[Number, Field(gt=0)] = Field(
        description="Requests a second that a user may send. One of the limits that the processor tries, "
        "`REDUSE_PROCESSOR_LIMITS`."
    )
    refused: Share = Field(default=0.01, description="The part of identified users' requests that it may refuse.")


class Per(StrEnum):
    """What a limit counts over."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


class PolicyLimit(Record):
    """A limit for each user under a policy that is being considered; alerts say when it would refuse more than it may,
    and when it no longer fits its traffic."""

    requests: Annotated[Number, Field(gt=0, le=MOST_REQUESTS)] = Field(
        description="Requests that a user may send in the time of `per`."
    )
    per: Per = Field(description="What it counts over: `second`, `minute`, `hour` or `day`.")
    burst: Annotated[Number, Field(ge=1, le=MOST_REQUESTS)] | None = Field(
        default=None,
        description="Requests that may come at once. When not given, all that it allows in its time; of a limit by the "
        "second, those of `REDUSE_PROCESSOR_BURST_SECONDS`.",
    )
    refused: Share = Field(
        default=0.01, description="The part of identified users' requests under the policy that it may refuse."
    )
    touched: Share | None = Field(
        default=None,
        description="The part of users that it was expected to touch when it was chosen; an alert says when it is "
        "three times as many, or nobody any more.",
    )

    @property
    def rate(self) -> RateLimit:
        """The limit as everything else has it."""
        return RateLimit(self.requests, Period[self.per.name])


class Policy(Record):
    """A named group of methods and routes, whose users are counted apart: a request is under the first that it matches.

    What is under no policy is counted too, and under no limit of these.
    """

    name: PolicyName = Field(description="Value of the label `policy`: a-z, 0-9, `_` and `-`, at most 32 of them.")
    routes: tuple[EndpointText, ...] = Field(
        min_length=1,
        max_length=100,
        description="Methods and routes as `http_route` has them, such as `POST /partner/price`; `*` as the method is "
        "any method, `*` in a route any characters (in quotes, where it begins the text).",
    )
    limits: tuple[PolicyLimit, ...] = Field(
        default=(), max_length=8, description="Limits for each user under it that are being considered."
    )

    @property
    def listed(self) -> ListedPolicy:
        """The policy as services read it."""
        return ListedPolicy(self.name, tuple(map(parse_endpoint, self.routes)))


class QueueRef(Record):
    """A queue of a broker of this file."""

    broker: Name = Field(description="The name of a broker of this file.")
    queue: ForeignLabel = Field(description="The name of the queue.")
    vhost: ForeignLabel = Field(default="/", description="The virtual host of the queue.")


class Service(Record):
    """A service that sends OpenTelemetry metrics. One that is not in the file is seen too, with a default objective."""

    kind: ClassVar[Literal["service"]] = "service"
    name: Name = Field(description="Its `service.name` (`OTEL_SERVICE_NAME`), which becomes the label `job`.")
    namespace: Name | None = Field(
        default=None,
        description="Its `service.namespace`, where it has one; the label `job` is then `namespace/name`.",
    )
    title: Text | None = Field(default=None, description="The display name; `name` by default.")
    objectives: tuple[Objective, ...] = Field(
        default=DEFAULT_OBJECTIVES,
        max_length=20,
        description="What is promised of it over thirty days. When not given, an availability of 99.5%; an empty list "
        "promises nothing.",
    )
    users: Flag = Field(
        default=False,
        description="Whether its users are counted (`REDUSE_USER_RESOLVERS`); RPS per user is then a row.",
    )
    limits: tuple[Limit, ...] = Field(
        default=(), max_length=20, description="Limits for each user that are being considered."
    )
    policies: tuple[Policy, ...] = Field(
        default=(),
        max_length=MOST_POLICIES,
        description="Groups of its routes whose users are counted apart, for limits that are for some requests only. "
        "The service needs them in `REDUSE_USER_POLICIES`: `./reduse watch policies` prints the line.",
    )
    probes: tuple[ForeignLabel, ...] = Field(
        default=("/healthz", "/readyz"),
        max_length=50,
        description="Routes that are asked by machines: no objective counts them.",
    )
    container: ForeignName | None = Field(
        default=None,
        description="The name of the container it runs in; its CPU is then the container's (`docker_stats`), else its "
        "process's.",
    )
    export_interval: Seconds = Field(
        default=1.0,
        description="The time between two of its exports (`OTEL_METRIC_EXPORT_INTERVAL`). Windows of rules follow from "
        "what is seen, `reduse watch check` compares it with this.",
    )
    duration_bounds: tuple[Seconds, ...] = Field(
        default=(),
        max_length=16,
        description="More bounds of its response times' histogram. The service needs the same in "
        "`REDUSE_DURATION_BOUNDS`.",
    )
    uses: tuple[Name, ...] = Field(
        default=(),
        max_length=100,
        description="Names of databases of this file, without which it fails: their alerts silence its own.",
    )
    consumes: tuple[QueueRef, ...] = Field(default=(), max_length=200, description="Queues that it consumes.")

    @property
    def job(self) -> str:
        """The label `job` of its series: its namespace, where it has one, and its name (Prometheus' OTLP mapping)."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @property
    def shown(self) -> Text:
        return self.title or Text(self.name)
