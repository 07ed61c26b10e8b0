"""A collector that scrapes with one receiver of the reference company's agent, and what it sends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reduse.yaml_text import write_yaml
from tests.collector.configuration import COMPANY, read
from tests.otlp_receiver import GRPC, OtlpReceiver, Received
from tests.process import Process
from tests.waiting import PATIENCE_SECONDS


class Scraping:
    """What one receiver sent; scrapes are told apart by the calls that they came in."""

    def __init__(self, receiver: OtlpReceiver, log: Path) -> None:
        self._receiver = receiver
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def scrapes(self) -> list[list[Received]]:
        """Points of each scrape, in order; those of series that have ended are left out."""
        calls: dict[int, list[Received]] = {}
        for point in list(self._receiver.points):
            calls.setdefault(point.request, []).extend([point] if point.recorded else [])
        return list(calls.values())

    def newest(self) -> list[Received]:
        return (self.scrapes() or [[]])[-1]

    def values(self, name: str) -> dict[tuple[str, ...], float]:
        """Of the newest scrape: the values of a metric by its attributes' values, in the order of their names."""
        return values(self.newest(), name)

    def wait_for(self, name: str, expected: object) -> None:
        """Return when the newest scrape has these values of a metric, and no others.

        Raises:
            AssertionError: with what it had, when it did not in time.
        """
        try:
            self._receiver.wait_for(lambda _: self.values(name) == expected)
        except TimeoutError:
            raise AssertionError(f"{name}: {self.values(name)} instead of {expected}\n{self.log[-3000:]}") from None

    def next(self) -> list[Received]:
        """The points of the second scrape that ends from now on: all of it is of later than now."""
        seen = len(self.scrapes())
        self._receiver.wait_for(lambda _: len(self.scrapes()) > seen + 1)
        return self.newest()

    def ended(self, name: str) -> set[tuple[str, ...]]:
        """Series of a metric whose newest point says that they have ended."""
        return {labels(point) for point in self._receiver.latest(name) if not point.recorded}


def labels(point: Received) -> tuple[str, ...]:
    return tuple(str(value) for _, value in sorted(point.attributes.items()))


def values(points: list[Received], name: str) -> dict[tuple[str, ...], float]:
    return {labels(point): point.value for point in points if point.name == name}


@contextmanager
def scraping(otelcol: Path, folder: Path, name: str, **settings: Any) -> Iterator[Scraping]:
    """A collector with the receiver `name`; `settings` take the place of its own."""
    shipped = read(COMPANY)["receivers"][name] | {"collection_interval": "1s", "timeout": f"{PATIENCE_SECONDS:.0f}s"}
    if "password" in settings:
        del shipped["password_file"]
    with OtlpReceiver(protocol=GRPC) as receiver:
        document = {
            "receivers": {name: shipped | settings},
            "exporters": {
                "otlp_grpc": {
                    "endpoint": receiver.endpoint.removeprefix("http://"),
                    "tls": {"insecure": True},
                    "sending_queue": {"enabled": False},
                }
            },
            "service": {
                "telemetry": {"metrics": {"level": "none"}},
                "pipelines": {"metrics": {"receivers": [name], "exporters": ["otlp_grpc"]}},
            },
        }
        path = folder / "scraping.yaml"
        path.write_text(write_yaml(document), encoding="utf-8")
        log = folder / "scraping.log"
        process = Process([otelcol, "--config", path], log)
        process.start()
        try:
            yield Scraping(receiver, log)
        finally:
            assert process.stop() == 0
