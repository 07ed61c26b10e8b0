"""A Prometheus with the samples of services whose traffic is known."""

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from tests.recommendation.history import History, prometheus
from tests.recommendation.traffic import Traffic

LADDER = (1, 2, 5, 10, 20)
MINUTE, HOUR = 60, 3600


def bursts(length: int, count: int, *, every: int, offset: int = 0) -> list[int]:
    """`count` requests in a second, once in so many."""
    return [count if (second - offset) % every == 0 else 0 for second in range(length)]


@dataclass(frozen=True)
class Known:
    """What was sent: the traffic of each service up to `end`, and the port of the Prometheus that has it."""

    port: int
    end: int
    traffic: dict[str, Traffic]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    if shutil.which("prometheus") is None:
        pytest.skip("no prometheus on PATH: install the package")
    end = int(time.time()) - MINUTE
    history = History()
    traffic = {
        "one": one_processor(history, end),
        "two": two_processors(history, end),
        "reset": state_lost(history, end),
        "ladders": several_ladders(history, end),
        "long": many_hours(history, end),
        "pause": counted_before(history, end),
        "changed": ladder_changed(history, end),
        "nobody": only_anonymous(history, end),
        "routed": by_policy(history, end),
        "fresh": without_policies(history, end),
        'odd"\\name': one_processor(history, end, 'odd"\\name'),
    }
    with prometheus(history, tmp_path_factory.mktemp("history")) as port:
        yield Known(port, end, traffic)


def mixed(start: int, length: int, names: Sequence[str] = ("a", "b", "c", "d")) -> Traffic:
    """A steady user, one with bursts, one that is over every limit, and one that does nothing but once."""
    shapes = [[1] * length, bursts(length, 9, every=7), [25] * length, bursts(length, 1, every=length)]
    return Traffic(start, dict(zip(names, shapes, strict=True)), bursts(length, 30, every=13))


def one_processor(history: History, end: int, service: str = "one") -> Traffic:
    """Half an hour, all of it within the window of an hour."""
    traffic = mixed(end - HOUR // 2, HOUR // 2)
    history.processor(service, "p", traffic, LADDER)
    return traffic


def two_processors(history: History, end: int) -> Traffic:
    """Each owns a part of the users; both have counted before the hour."""
    traffic = mixed(end - HOUR - 600, HOUR + 600)
    history.processor("two", "p", traffic.only(["a", "b"]), LADDER, before=10**6)
    history.processor("two", "q", traffic.only(["c", "d"]), LADDER, before=123)
    return traffic


def state_lost(history: History, end: int) -> Traffic:
    """The processor begins again without its state in the middle of the window."""
    traffic = mixed(end - HOUR - 600, HOUR + 600)
    history.processor("reset", "p", traffic, LADDER, lost_at=end - HOUR // 2)
    return traffic


def several_ladders(history: History, end: int) -> Traffic:
    traffic = mixed(end - HOUR // 2, HOUR // 2)
    history.processor("ladders", "p", traffic, LADDER, burst=1)
    history.processor("ladders", "p", traffic, LADDER, burst=2.5, requests=False)
    history.processor("ladders", "p", traffic, LADDER, burst=10, requests=False)
    return traffic


def many_hours(history: History, end: int) -> Traffic:
    """More seconds than there are points in an answer; one user is touched only in the first hour."""
    length = 4 * HOUR
    early = [9 if second < MINUTE else 0 for second in range(length)]
    traffic = Traffic(end - length, {"a": early, "b": bursts(length, 9, every=600)})
    history.processor("long", "p", traffic, (1, 5))
    return traffic


def counted_before(history: History, end: int) -> Traffic:
    """Much was counted three hours ago, then there are no samples, and then the same counters go on."""
    length = 3 * HOUR
    traffic = Traffic(end - length, {"a": [1000] * 10 + [0] * (length - 110) + [3] * 100})
    history.processor("pause", "p", traffic, (1,), silent=range(end - length + 11, end - 99))
    return traffic


def ladder_changed(history: History, end: int) -> Traffic:
    """A limit was added ten minutes ago, another one left out."""
    traffic = mixed(end - HOUR // 2, HOUR // 2)
    history.processor("changed", "p", traffic, (2, 10))
    late = mixed(end - 600, 600)
    history.processor("changed", "p", late, (20,), requests=False)
    gone = mixed(end - HOUR // 2, 600)
    history.processor("changed", "p", gone, (1,), requests=False)
    return traffic


PRICE_LIMITS = {
    "60/minute": (1.0, 20.0),
    "1/second": (1.0, 2.0),
    "300/minute": (5.0, 30.0),
    "3000/minute": (50.0, 50.0),
}


def by_policy(history: History, end: int) -> Traffic:
    """Half of what there is comes under a policy, and RED of its routes; the whole service has a ladder too."""
    traffic = mixed(end - HOUR // 2, HOUR // 2)
    history.processor("routed", "p", traffic, LADDER)
    history.policy("routed", "p", "price", traffic, PRICE_LIMITS)
    history.policy("routed", "p", "untried", traffic.only(["a"]), {})
    history.route("routed", "POST", "/partner/price", traffic, 0.25)
    history.route("routed", "GET", "/partner/jobs/{job_id}", traffic, 0.0005)
    history.route("routed", "GET", "/healthz", traffic, 0.0005)
    return traffic


def without_policies(history: History, end: int) -> Traffic:
    """Only RED of its routes, of which one is hardly ever asked for."""
    traffic = mixed(end - HOUR // 2, HOUR // 2)
    history.processor("fresh", "p", traffic, LADDER)
    history.route("fresh", "POST", "/partner/price", traffic, 0.25)
    history.route("fresh", "GET", "/partner/jobs/{job_id}", traffic, 0.0005)
    rare = Traffic(traffic.start, {"d": bursts(HOUR // 2, 1, every=600)})
    history.route("fresh", "GET", "/rare", rare, 0.0005)
    return traffic


def only_anonymous(history: History, end: int) -> Traffic:
    traffic = Traffic(end - 100, {"a": [0] * 100}, [5] * 100)
    history.processor("nobody", "p", traffic, LADDER)
    return traffic
