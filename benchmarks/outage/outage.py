"""The gateway is away while services go on; then the agent catches up, while they still go on."""

import time
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

import grpc
import psutil

from benchmarks.memory import highest
from benchmarks.outage.services import COUNT, Services
from tests.collector.otlp import SECOND
from tests.collector.pipeline import Pipeline, counted
from tests.server import Server

# Services whose exports share a call: the agent's queue has as many bytes, in fewer entries than of as many services.
TOGETHER = 10
CAUGHT_UP_SECONDS = 3600.0
SETTLE_SECONDS = 60.0
METHOD = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
TAKEN_SECONDS = 10.0
FULL_SECONDS = 0.05
# What is younger is live: a second between exports, and the way.
LIVE_SECONDS = 5.0
# A call that waits is ended by its deadline here or there.
_NOT_IN_TIME = (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)
_QUEUE = "otelcol_exporter_queue_size"
_CAPACITY = "otelcol_exporter_queue_capacity"
_GATEWAY = ("exporter", "otlp_grpc/gateway")


@dataclass(frozen=True)
class Outage:
    """What happened.

    `exports`: of all services, during the outage and after it. `refused`: of those, how many the agent did not take, as
    its queue was full. `queued`: bytes in the agent's queue at the end of the outage, of at most `capacity`.
    `seconds_to_full`: how long the queue is enough for, if the services send in real time.
    `live_after`: seconds from the end of the outage until every service's newest sample is live; `caught_up_after`:
    until the backlog has been stored. `age_most`: of the newest sample of any service between the two, in seconds.
    `missing`: samples that were taken and are not in the store.
    """

    services: int
    outage_seconds: int
    exports: int
    refused: int
    queued: int
    capacity: int
    seconds_to_full: float
    live_after: float
    caught_up_after: float
    age_most: float
    missing: int
    last_totals_right: bool
    memory_most: dict[str, int] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether nothing that was taken is missing, and totals are right in any case."""
        return self.missing == 0 and self.last_totals_right


def outage(pipeline: Pipeline, services: int, seconds: int, routes: int) -> Outage:
    """Send so many seconds of exports, as fast as the agent takes them, while the gateway is away.

    The exports have the times of the last `seconds` before now. When the gateway is back the services export each
    second in real time until the backlog has been stored as well.
    """
    start = (time.time_ns() // SECOND - seconds - 10) * SECOND
    names = [f"service-{number:03}" for number in range(services)]
    groups = [Services(names[first : first + TOGETHER], routes, start) for first in range(0, services, TOGETHER)]
    with (
        highest(lambda: _resident(pipeline)) as memory,
        _Agent(pipeline.agent.port) as agent,
        ThreadPoolExecutor(len(groups)) as callers,
    ):
        sending = _Sending(groups, callers)
        sending.second(agent, 1)
        _wait_until_empty(pipeline)
        pipeline.gateway.kill()
        for number in range(2, seconds + 1):
            sending.second(agent, number)
        queued, capacity = _gateway_queue(pipeline, _QUEUE), _gateway_queue(pipeline, _CAPACITY)
        taken_seconds = (sending.exports - sending.refused) / services
        pipeline.gateway.start()
        back = time.monotonic()
        live_after, age_most = _go_on(pipeline, sending, agent, start, back)
        caught_up_after = time.monotonic() - back
        wanted, settled = dict.fromkeys(names, sending.last * routes), time.monotonic() + SETTLE_SECONDS
        while True:
            # What has left the agent's queue may not be in the store yet.
            missing, right = _missing(pipeline, sending, names), _last_totals(pipeline, names) == wanted
            if (not missing and right) or time.monotonic() > settled:
                break
            time.sleep(0.5)
    return Outage(
        services=services,
        outage_seconds=seconds,
        exports=sending.exports,
        refused=sending.refused,
        queued=round(queued),
        capacity=round(capacity),
        seconds_to_full=capacity / (queued / taken_seconds),
        live_after=live_after,
        caught_up_after=caught_up_after,
        age_most=age_most,
        missing=missing,
        last_totals_right=right,
        memory_most=memory,
    )


class _Agent:
    """Where services send to."""

    def __init__(self, port: int) -> None:
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self._export: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(METHOD)
        self._full = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._channel.close()

    def takes(self, body: bytes) -> bool:
        """Whether it takes a call within a service's own deadline; a full queue is waited for only once."""
        try:
            self._export(body, timeout=FULL_SECONDS if self._full else TAKEN_SECONDS)
        except grpc.RpcError as error:
            if error.code() not in _NOT_IN_TIME:
                raise
            self._full = True
        else:
            self._full = False
        return not self._full


class _Sending:
    """Exports of all services, and how many were taken of each group."""

    def __init__(self, groups: Sequence[Services], callers: Executor) -> None:
        """`callers`: a thread for each group, which waits for its answer as services do."""
        self._groups = groups
        self._callers = callers
        self.taken = [0] * len(groups)
        self.exports = self.refused = self.last = 0

    def second(self, agent: "_Agent", number: int) -> None:
        """Those of the second with this number. What is refused is left out: totals are in the next one as well."""
        self.last = number
        answers = list(self._callers.map(lambda group: agent.takes(group.body(number)), self._groups))
        for index, (group, taken) in enumerate(zip(self._groups, answers, strict=True)):
            self.exports += len(group.names)
            if taken:
                self.taken[index] += 1
            else:
                self.refused += len(group.names)

    def taken_of(self, name: str) -> int:
        """Exports of this service that the agent has taken."""
        [index] = [index for index, group in enumerate(self._groups) if name in group.names]
        return self.taken[index]


def _go_on(pipeline: Pipeline, sending: _Sending, agent: "_Agent", start: int, back: float) -> tuple[float, float]:
    """Each second, until the agent's queue is empty and samples are live.

    Returns the seconds since `back` after which every service's newest sample was live, and the highest age since then.
    """
    live_after, age_most = None, 0.0
    while True:
        number = (time.time_ns() - start) // SECOND
        if number > sending.last:
            sending.second(agent, number)
        after = time.monotonic() - back
        with_sample = pipeline.queries.query(f"time() - min(max by (job) (timestamp({COUNT})))")
        if with_sample:
            age = with_sample[0].value
            if live_after is None and age < LIVE_SECONDS:
                live_after = after
            if live_after is not None:
                age_most = max(age_most, age)
        if live_after is not None and not _gateway_queue(pipeline, _QUEUE):
            return live_after, age_most
        if after > CAUGHT_UP_SECONDS:
            raise RuntimeError(f"not caught up within {CAUGHT_UP_SECONDS:.0f} s")
        time.sleep(0.2)


def _missing(pipeline: Pipeline, sending: _Sending, names: Sequence[str]) -> int:
    """Samples of each service's first route that were taken and are not in the store."""
    query = f'sum by (job) (count_over_time({COUNT}{{http_route="/route-0"}}[3h]))'
    stored = {sample.labels["job"]: int(sample.value) for sample in pipeline.queries.query(query)}
    # The gateway puts one before the first export of a service, where its totals begin.
    return sum(max(0, sending.taken_of(name) - stored.get(name, 0)) for name in names)


def _last_totals(pipeline: Pipeline, names: Sequence[str]) -> dict[str, int]:
    """Requests of each service by its newest samples."""
    found = pipeline.queries.query(f"sum by (job) ({COUNT})")
    totals = {sample.labels["job"]: int(sample.value) for sample in found}
    return {name: totals.get(name, 0) for name in names}


def _gateway_queue(pipeline: Pipeline, name: str) -> float:
    return next(value for labels, value in counted(pipeline.agent_metrics, name).items() if _GATEWAY in labels)


def _wait_until_empty(pipeline: Pipeline) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS
    while pipeline.waiting():
        if time.monotonic() > deadline:
            raise RuntimeError("the agent's queue is not empty")
        time.sleep(0.2)


def _resident(pipeline: Pipeline) -> dict[str, int]:
    """The bytes of each part that runs."""
    found = {}
    for name in ("agent", "gateway", "store"):
        part: Server = getattr(pipeline, name)
        with suppress(psutil.Error, RuntimeError):
            found[name] = int(psutil.Process(part.pid).memory_info().rss)
    return found
