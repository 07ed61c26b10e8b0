"""What is watched: the twelve rows of the customer's table, as data.

`reduse check`, the README's table, the alerts on missing data (`rules.py`) and the overview dashboard (`dashboards.py`)
are built from `SIGNALS` or held against it; the recording rules they read are in `prometheus/rules/`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from reduse.monitoring.windows import (
    CPU_WINDOW,
    INTERVALS_STALE,
    MINUTE_WINDOW,
    SECONDS_STALE_AT_1_S,
    SECONDS_STALE_AT_5_S,
    WINDOW,
)

DEAD_LETTERS = 'rabbitmq_queue_role="dead_letter"'
"""Of the raw series: queues that the receiver found dead-letter exchanges to feed."""

TOP_USERS = 20
"""Users shown in the row of RPS per user."""


class Method(StrEnum):
    """Method of monitoring a row belongs to."""

    RED = "RED"
    USE = "USE"


@dataclass(frozen=True, slots=True)
class Text:
    """A text for people, in both languages of the documents."""

    en: str
    ru: str


@dataclass(frozen=True, slots=True)
class Panel:
    """How the row is drawn: unit in Grafana's own naming, the legend of one series, and over what it is taken."""

    unit: str
    legend: str
    stacked: bool = False
    window: str = ""


@dataclass(frozen=True, slots=True)
class Signal:
    """One row of the table.

    `value` is the PromQL of what is shown, one series for each combination of `labels`, in `unit` (UCUM).
    It may be NaN: no request in the window, so no response time.
    `sources` are plain selectors of the raw series behind it; one of them is enough.
    `maximum_age` is in seconds, of the newest raw sample; that of a service, `job`, may be older when it exports
    rarely: see `age_limit`.
    """

    number: int
    title: Text
    labels: tuple[str, ...]
    service: str
    method: Method
    unit: str
    value: str
    sources: tuple[str, ...]
    maximum_age: float
    motivation: Text
    panel: Panel
    job: str = ""

    @property
    def age_limit(self) -> str:
        """PromQL of the age, in seconds, from which on the newest sample is too old: one series without labels."""
        if not self.job:
            return f"vector({self.maximum_age:g})"
        interval = f'max(job:export_interval_seconds:max{{job="{self.job}"}})'
        return f"clamp_min({INTERVALS_STALE:g} * {interval}, {self.maximum_age:g}) or vector({self.maximum_age:g})"

    @property
    def age(self) -> str:
        """PromQL of the newest raw sample's age: one series without labels, in seconds; empty when there is none.

        It asks for the raw series, because a recording rule stamps an old number with a new time.
        `timestamp()` tells a sample's own time for plain selectors only, so each source has its own.
        """
        return f"time() - max({' or '.join(f'timestamp({source})' for source in self.sources)})"


def _requests(number: int, service: str, job: str, motivation: Text) -> Signal:
    return Signal(
        number=number,
        title=Text("RPS", "RPS: запросов в секунду"),
        labels=("status",),
        service=service,
        method=Method.RED,
        unit="{request}/s",
        value=f'sum by (status) (job_status:http_requests:rate{{job="{job}"}})',
        sources=(f'http_server_request_duration_seconds_count{{job="{job}"}}',),
        maximum_age=SECONDS_STALE_AT_1_S,
        motivation=motivation,
        panel=Panel(unit="reqps", legend="{{status}}", stacked=True, window=WINDOW),
        job=job,
    )


def _latency(number: int, service: str, job: str, motivation: Text) -> Signal:
    return Signal(
        number=number,
        title=Text("Response time (latency)", "Время ответа (latency)"),
        labels=("quantile",),
        service=service,
        method=Method.RED,
        unit="s",
        value=f'max by (quantile) (job:http_request_duration_seconds:quantile{{job="{job}"}})',
        sources=(f'http_server_request_duration_seconds_bucket{{job="{job}"}}',),
        maximum_age=SECONDS_STALE_AT_1_S,
        motivation=motivation,
        panel=Panel(unit="s", legend="p{{quantile}}", window=MINUTE_WINDOW),
        job=job,
    )


def _connections(number: int, service: str, job: str, motivation: Text) -> Signal:
    return Signal(
        number=number,
        title=Text("Number of connections for instance", "Число соединений на экземпляр"),
        labels=("instance",),
        service=service,
        method=Method.USE,
        unit="{connection}",
        value=f'sum by (instance) (job_instance:postgresql_backends:sum{{job="{job}"}})',
        sources=(f'postgresql_backends{{job="{job}"}}',),
        maximum_age=SECONDS_STALE_AT_5_S,
        motivation=motivation,
        panel=Panel(unit="short", legend="{{instance}}"),
    )


SIGNALS: tuple[Signal, ...] = (
    _requests(
        1,
        "Shop API",
        "shop-api",
        Text(
            "Load and errors of the shop: a drop is lost orders, a rise of 5xx is customers turned away.",
            "Нагрузка и ошибки магазина: провал — это потерянные заказы, рост 5xx — отказы покупателям.",
        ),
    ),
    _latency(
        2,
        "Shop API",
        "shop-api",
        Text(
            "Satisfaction of customers: a slow shop is left before the order is placed.",
            "Удовлетворённость покупателя: из медленного магазина уходят, не оформив заказ.",
        ),
    ),
    _requests(
        3,
        "CRM API",
        "crm-api",
        Text(
            "Load and errors of the operators' tool: errors stop the handling of orders.",
            "Нагрузка и ошибки инструмента операторов: ошибки останавливают обработку заказов.",
        ),
    ),
    _latency(
        4,
        "CRM API",
        "crm-api",
        Text(
            "Satisfaction and pace of operators: they wait for each list they open.",
            "Удовлетворённость и темп операторов: они ждут каждый открытый список.",
        ),
    ),
    Signal(
        number=5,
        title=Text("RPS per user", "RPS на пользователя"),
        labels=("user",),
        service="MES API",
        method=Method.RED,
        unit="{request}/s",
        value=f'topk({TOP_USERS}, sum by (user) (service_user:user_requests:rate{{service="mes-api"}}))',
        # Not the rates themselves: the processor ends them whenever a service is silent, if only between two exports.
        sources=('reduse_user_requests_total{service="mes-api"}',),
        maximum_age=SECONDS_STALE_AT_1_S,
        motivation=Text(
            "Before a rate limiter or back pressure is introduced: who sends how much, and whom a limit would touch.",
            "Перед внедрением Rate Limiter или Back Pressure: кто сколько шлёт и кого затронет лимит.",
        ),
        panel=Panel(unit="reqps", legend="{{user}}", window=WINDOW),
        job="mes-api",
    ),
    _requests(
        6,
        "MES API",
        "mes-api",
        Text(
            "Load and errors of partners and operators of production: errors are jobs not taken.",
            "Нагрузка на MES со стороны партнёров и операторов и ошибки: каждая ошибка — непринятое задание.",
        ),
    ),
    _latency(
        7,
        "MES API",
        "mes-api",
        Text(
            "Satisfaction of partners and operators: price calculation is slow first when CPU runs out.",
            "Удовлетворённость партнёров и операторов: при нехватке CPU первым замедляется расчёт цены.",
        ),
    ),
    Signal(
        number=8,
        title=Text("CPU % for MES container", "CPU % контейнера MES"),
        labels=("instance",),
        service="MES",
        method=Method.USE,
        unit="%",
        value='100 * sum by (instance) (job_instance:cpu_seconds:rate{job="mes-api"})',
        sources=(
            'container_cpu_usage_nanoseconds_total{job="mes-api"}',
            'process_cpu_time_seconds_total{job="mes-api"}',
        ),
        maximum_age=SECONDS_STALE_AT_5_S,
        motivation=Text(
            "Manage resources: price calculation is CPU work, so this says when to scale out. 100 % is one core.",
            "Управлять ресурсами: расчёт цены нагружает CPU, метрика говорит, когда масштабировать. 100 % — одно ядро.",
        ),
        panel=Panel(unit="percent", legend="{{instance}}", window=CPU_WINDOW),
        job="mes-api",
    ),
    _connections(
        9,
        "MES DB",
        "mes-db",
        Text(
            "See exhaustion before it comes: at the maximum new connections are refused and MES stops.",
            "Увидеть исчерпание заранее: на максимуме новые соединения отклоняются, и MES останавливается.",
        ),
    ),
    _connections(
        10,
        "Shop DB",
        "shop-db",
        Text(
            "See exhaustion before it comes: Shop and CRM share this database, a leak in one stops both.",
            "Увидеть исчерпание заранее: Shop и CRM делят эту базу, утечка в одном останавливает оба.",
        ),
    ),
    Signal(
        number=11,
        title=Text("Number of dead-letter-exchange letters", "Число сообщений в dead-letter exchange"),
        labels=("vhost", "queue"),
        service="RabbitMQ",
        method=Method.USE,
        unit="{message}",
        value='sum by (vhost, queue) (job_queue:rabbitmq_dead_letters:sum{job="rabbitmq"})',
        sources=(f'rabbitmq_message_current{{job="rabbitmq",{DEAD_LETTERS}}}',),
        maximum_age=SECONDS_STALE_AT_5_S,
        motivation=Text(
            "Errors of the exchange between the systems: each letter is an order or a status nobody could process.",
            "Ошибки обмена между системами: каждое сообщение — заказ или статус, который не удалось обработать.",
        ),
        panel=Panel(unit="short", legend="{{vhost}} {{queue}}"),
    ),
    Signal(
        number=12,
        title=Text("Number of messages in flight", "Число сообщений в обработке"),
        labels=("state",),
        service="RabbitMQ",
        method=Method.USE,
        unit="{message}",
        value='sum by (state) (job_state:rabbitmq_messages_in_flight:sum{job="rabbitmq"})',
        sources=(f'rabbitmq_message_current{{job="rabbitmq",{DEAD_LETTERS.replace("=", "!=")}}}',),
        maximum_age=SECONDS_STALE_AT_5_S,
        motivation=Text(
            "Saturation of the queue: unacknowledged is work in hand, ready that grows is consumers falling behind.",
            "Насыщение очереди: unacknowledged — работа у потребителей, растущее ready — потребители не успевают.",
        ),
        panel=Panel(unit="short", legend="{{state}}", stacked=True),
    ),
)


def signal(number: int, signals: Iterable[Signal] = SIGNALS) -> Signal:
    """The row of this number.

    Raises:
        KeyError: no row has it.
    """
    for candidate in signals:
        if candidate.number == number:
            return candidate
    raise KeyError(number)
