"""Dashboards without their panels, which come from the signals: titles, sections and variables."""

from dataclasses import dataclass

from reduse.monitoring.definition import Of
from reduse.watch.service import USERS


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that the viewer selects: one of `label` of the series `metric`.

    Initially it is the job of the company's first row of `signal`, or its first part of that kind if there is no such
    row; or `default` if it is not a part of a company.
    """

    name: str
    label: str
    metric: str
    signal: str = ""
    of: Of = Of.SERVICE
    selector: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """`uid` is the dashboard's address; `sections`: their titles, in order.

    `folded`: sections that are hidden at first, because not every installation has data for them.
    `about`: the kind of part that it shows; it is omitted if the company has none. None: always included.
    """

    uid: str
    title: str
    description: str
    sections: tuple[str, ...]
    choices: tuple[Choice, ...] = ()
    about: Of | None = None
    folded: tuple[str, ...] = ()


_USE = ("Utilisation", "Saturation", "Errors")

OVERVIEW = Frame(
    "reduse-overview",
    "Overview",
    "All metrics of the company's table, in its order.",
    ("Now",),
)

RED = Frame(
    "reduse-red",
    "RED of a service",
    "Request rate, errors and duration of the selected service.",
    ("Rate, errors, duration", "By route", "Error budget"),
    (Choice("job", "job", "job_status:http_requests:rate", "requests"),),
)

SERVICE_USE = Frame(
    "reduse-service-use",
    "USE of a service",
    "Utilisation, saturation and errors of the selected service.",
    ("Utilisation, saturation, errors",),
    (Choice("job", "job", "job_instance:cpu_seconds:rate", "cpu"),),
)

DATABASES = Frame(
    "reduse-databases",
    "USE of a database",
    "Utilisation, saturation and errors of the selected PostgreSQL instance.",
    _USE,
    (Choice("job", "job", "job_instance:postgresql_backends:sum", "connections", Of.DATABASE),),
    about=Of.DATABASE,
)

QUEUE = Frame(
    "reduse-queue",
    "USE of the queue",
    "Utilisation, saturation and errors of the brokers: messages in flight, messages that wait, dead letters.",
    _USE,
    about=Of.BROKER,
)

USERS_AND_LIMITS = Frame(
    "reduse-users",
    "Users and limits",
    "Requests of each user of the selected service, and what rate limits would have rejected.",
    ("Users", "What a rate limit would do", "Policies", "Concurrency"),
    (
        Choice("service", "service", "reduse_user_requests_total", USERS),
        Choice(
            "burst", "burst", "reduse_rate_limit_rejected_total", selector='{service="$service",policy=""}', default="2"
        ),
    ),
)

PIPELINE = Frame(
    "reduse-pipeline",
    "Monitoring pipeline",
    "Health of the monitoring itself, from the services to the store: queues, refused data, delays.",
    ("Collector", "Store", "Processor", "Kafka", "Parts and host"),
    folded=("Kafka",),
)

FRAMES: tuple[Frame, ...] = (OVERVIEW, RED, SERVICE_USE, DATABASES, QUEUE, USERS_AND_LIMITS, PIPELINE)
"""In display order."""
