"""Dashboards without their panels, which the signals bring: what each is called, its sections, what can be chosen."""

from dataclasses import dataclass

from reduse.monitoring.definition import Of
from reduse.watch.service import USERS


@dataclass(frozen=True, slots=True)
class Choice:
    """Chosen by whoever looks: a value of `label` of the series `metric`.

    At first it is the job of the company's first row of `signal`, or where there is none its first part of that kind;
    or `default`, where it is no part of a company.
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

    `folded`: those of them that not every installation has something for; whoever has opens them.
    `about`: the kind of part without which the company has no use for it; services come by themselves.
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
    "The rows of the company's table, in their order.",
    ("Now",),
)

RED = Frame(
    "reduse-red",
    "RED of a service",
    "Requests, errors and duration of the service chosen above.",
    ("Rate, errors, duration", "By route", "The budget"),
    (Choice("job", "job", "job_status:http_requests:rate", "requests"),),
)

SERVICE_USE = Frame(
    "reduse-service-use",
    "USE of a service",
    "CPU of the service chosen above, what waits for it, and what fails.",
    ("Utilisation, saturation, errors",),
    (Choice("job", "job", "job_instance:cpu_seconds:rate", "cpu"),),
)

DATABASES = Frame(
    "reduse-databases",
    "USE of a database",
    "The database chosen above.",
    _USE,
    (Choice("job", "job", "job_instance:postgresql_backends:sum", "connections", Of.DATABASE),),
    about=Of.DATABASE,
)

QUEUE = Frame(
    "reduse-queue",
    "USE of the queue",
    "Brokers and their queues: messages in the hands of consumers, messages that wait, messages that nobody could "
    "process.",
    _USE,
    about=Of.BROKER,
)

USERS_AND_LIMITS = Frame(
    "reduse-users",
    "Users and limits",
    "Requests of each user of the service chosen above, and what rate limits would have refused.",
    ("Who", "What a limit would do", "Policies", "What back-pressure would meet"),
    (
        Choice("service", "service", "reduse_user_requests_total", USERS),
        Choice(
            "burst", "burst", "reduse_rate_limit_rejected_total", selector='{service="$service",policy=""}', default="2"
        ),
    ),
)

PIPELINE = Frame(
    "reduse-pipeline",
    "The pipeline itself",
    "From the services to Prometheus: what waits, what is refused, how late the answers are.",
    ("Collector", "Store", "Processor", "Kafka", "Parts and host"),
    folded=("Kafka",),
)

FRAMES: tuple[Frame, ...] = (OVERVIEW, RED, SERVICE_USE, DATABASES, QUEUE, USERS_AND_LIMITS, PIPELINE)
"""In the order in which one looks."""
