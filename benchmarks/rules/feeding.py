"""What a company has exported before a moment, sent to a store that takes remote writes."""

from collections.abc import Iterator
from itertools import islice

from benchmarks.rules import company
from benchmarks.rules.company import Size
from benchmarks.rules.remote_write import Batch, Series, course, send, snappy
from reduse import web_client
from reduse.monitoring.groups import OBJECTIVES, interval

_OBJECTIVES = ("availability", "latency")
_STEPS_IN_A_REQUEST = 240


class Feed:
    """`interval`: seconds between two exports of a process; these are spread evenly over that time.
    `at`: the moment, Unix seconds."""

    def __init__(self, url: str, size: Size, interval: int, at: float) -> None:
        self._client = web_client.own(url, timeout=120)
        self._interval = interval
        slots: list[list[Series]] = [[] for _ in range(interval)]
        for number, base in enumerate(company.instances(size)):
            slots[number % interval].extend(company.of_instance(base, size, interval))
        self._slots = [[Batch(part) for part in _parts(slot)] for slot in slots]
        users = [each for number in range(size.counted) for each in company.of_users(number)]
        self._users = Batch(users)
        self._size = size
        self._at = at
        self.series = sum(map(len, slots)) + len(users)

    def days(self, days: float, before: int) -> None:
        """What rules have recorded of objectives, until `before` seconds before the moment."""
        step = int(interval(OBJECTIVES, self._size.services).removesuffix("s"))
        count = round(days * 86400 / step)
        for first in range(-count, 0, _STEPS_IN_A_REQUEST):
            numbers = range(first, min(0, first + _STEPS_IN_A_REQUEST))
            times = [self._at - before + step * number for number in numbers]
            parts = []
            for number in range(self._size.services):
                for objective in _OBJECTIVES:
                    labels = {"job": company.job(number), "objective": objective}
                    for name, rate in (("http_requests", 10.0), ("http_requests_bad", 0.01)):
                        series = {**labels, "__name__": f"job_objective:{name}:rate5m"}
                        parts.append(course(series, times, [rate] * len(times)))
            send(self._client, iter([snappy(b"".join(parts))]))

    def seconds(self, count: int) -> None:
        """The exports of so many seconds before the moment."""
        for second in range(-count, 0):
            send(self._client, self._bodies(self._at + second))

    def _bodies(self, at: float) -> Iterator[bytes]:
        for batch in self._slots[int(at) % self._interval]:
            yield batch.body(self._at - 3600, at)
        yield self._users.body(self._at - 3600, at)


def _parts(series: list[Series]) -> Iterator[list[Series]]:
    rest = iter(series)
    while part := list(islice(rest, 20_000)):
        yield part
