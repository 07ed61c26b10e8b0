"""Sends what a company exports, to a store that takes remote writes: the minutes before, and from then on."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import httpx

from tests.benchmarks.rules import company
from tests.benchmarks.rules.company import Size
from tests.benchmarks.rules.remote_write import Batch, Series, course, send, snappy

_STEP = 15
_OBJECTIVES = ("availability", "latency")
_STEPS_IN_A_REQUEST = 240


class Feed:
    """`interval`: seconds between two exports of a process; these are spread evenly over that time."""

    def __init__(self, url: str, size: Size, interval: int) -> None:
        self._client = httpx.Client(base_url=url, timeout=60)
        self._interval = interval
        slots: list[list[Series]] = [[] for _ in range(interval)]
        for number, base in enumerate(company.instances(size)):
            slots[number % interval].extend(company.of_instance(base, size, interval))
        self._slots = [[Batch(part) for part in _parts(slot)] for slot in slots]
        self._users = Batch([each for number in range(size.counted) for each in company.of_users(number)])
        self._size = size
        self._since = time.time() - 3600
        self.series = sum(map(len, slots))

    def days(self, days: float, end: float) -> None:
        """What rules have recorded of objectives for some days before `end`."""
        count = round(days * 86400 / _STEP)
        for first in range(-count, 0, _STEPS_IN_A_REQUEST):
            times = [end + _STEP * step for step in range(first, min(0, first + _STEPS_IN_A_REQUEST))]
            parts = []
            for number in range(self._size.services):
                for objective in _OBJECTIVES:
                    labels = {"job": company.job(number), "objective": objective}
                    for name, rate in (("http_requests", 10.0), ("http_requests_bad", 0.01)):
                        series = {**labels, "__name__": f"job_objective:{name}:rate5m"}
                        parts.append(course(series, times, [rate] * len(times)))
            send(self._client, iter([snappy(b"".join(parts))]))

    def before(self, seconds: int, end: float) -> None:
        """The exports of some seconds before `end`."""
        for second in range(-seconds, 0):
            send(self._client, self._bodies(end + second))

    @contextmanager
    def running(self) -> Iterator[None]:
        end = threading.Event()
        thread = threading.Thread(target=self._run, args=(end,))
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()

    def _run(self, end: threading.Event) -> None:
        at = float(int(time.time()))
        while not end.wait(max(0.0, at - time.time())):
            send(self._client, self._bodies(at))
            at += 1

    def _bodies(self, at: float) -> Iterator[bytes]:
        for batch in self._slots[int(at) % self._interval]:
            yield batch.body(self._since, at)
        yield self._users.body(self._since, at)


def _parts(series: list[Series]) -> Iterator[list[Series]]:
    rest = iter(series)
    while part := list(islice(rest, 20_000)):
        yield part
