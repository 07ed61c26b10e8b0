"""Rounds of odd metrics, and what must hold while they come and after them."""

import random
import re
import subprocess
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from reduse.store.client import QueryError
from tests.collector import pipeline as pipelines
from tests.collector import servers
from tests.collector.pipeline import Pipeline
from tests.fuzz import payloads
from tests.fuzz.innocent import Innocent, Markers, age
from tests.fuzz.mutation import mutated, with_broken_text
from tests.fuzz.ways import JSON_WAY, Answer, Ways, as_json

EXAMPLES_IN_A_ROUND = 25
MUTATIONS = 8
LAST_KEPT = 200
# Of the innocent's newest sample; a machine that does other work as well is slow.
FRESH_SECONDS = 30.0
DRAIN_SECONDS = 90.0
# The memory limiter's bound, and what a Go program takes beside its heap.
MEMORY_BYTES = 800 << 20
PACKED_BYTES = 64 << 20
DEEP = 50_000
_REFUSAL = re.compile(r'the store refuses points of a service\b.*("metric": "[^"]*", "answer": "[^"]*")')


class BrokenError(Exception):
    """Something does not hold that must."""


@dataclass
class Result:
    """What came of a run. `broken` says what did not hold; empty when all did."""

    seed: int
    payloads: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    stored: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    """The store's answers to what admission should not have let pass."""
    innocent_exports: int = 0
    markers: int = 0
    broken: str = ""
    saved: str = ""
    """Where the payload is after which it did not."""

    def as_dict(self) -> dict[str, object]:
        return {
            "seed": self.seed,
            "payloads": self.payloads,
            "answers": dict(self.answers),
            "points": {"accepted": self.accepted, "stored": self.stored, "left_out": dict(self.left_out)},
            "refusals": dict(self.refusals),
            "innocent_exports": self.innocent_exports,
            "markers": self.markers,
            "broken": self.broken,
            "saved": self.saved,
        }


class Run:
    """One run on a pipeline that is up."""

    def __init__(
        self, pipeline: Pipeline, ways: Ways, seconds: float, number: int, told: Callable[[str], None]
    ) -> None:
        self._pipeline, self._ways, self._told = pipeline, ways, told
        self._begun = time.monotonic()
        self._seconds = seconds
        self.result = Result(number)
        self.markers = Markers()
        self._last: deque[tuple[str, bytes]] = deque(maxlen=LAST_KEPT)
        self._guilty: tuple[str, bytes] | None = None

    @property
    def last(self) -> list[tuple[str, bytes]]:
        """The smallest payload whose answer was wrong, else the last ones."""
        return [self._guilty] if self._guilty else list(self._last)

    def _over(self) -> bool:
        return time.monotonic() - self._begun > self._seconds

    def all(self, innocent: Innocent) -> None:
        """Send until the time is over. Raises BrokenError."""
        self._extremes()
        number = 0
        while not self._over():
            self._round(number)
            number += 1
            self.check_alive()
            self._told(
                f"{time.monotonic() - self._begun:.0f} s: {self.result.payloads} payloads, "
                f"{innocent.exports} exports of the innocent, {self.markers.count} markers"
            )

    def _round(self, number: int) -> None:
        made = st.tuples(payloads.requests, st.sampled_from(sorted(self._ways.by_name)), st.integers(0, 2**32))
        limits = settings(
            max_examples=EXAMPLES_IN_A_ROUND,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        sent = limits(given(made)(lambda drawn: None if self._over() else self._example(*drawn)))
        try:
            seed(self.result.seed * 100_000 + number)(sent)()
        except HypothesisException as error:
            # The same payload is answered otherwise the next time.
            if self._guilty is None:
                raise
            raise BrokenError(f"an answer that is not allowed, once: {error}") from None

    def _example(self, request: ExportMetricsServiceRequest, way: str, number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - to be had again
        encode = as_json if way == JSON_WAY else ExportMetricsServiceRequest.SerializeToString
        # What is changed has no marker: with another value that would be one too many.
        unmarked = with_broken_text(encode(request))
        told = self.markers.put(request, before=chance.random() < 0.5)
        body = with_broken_text(encode(request))
        told(self.send(way, body))
        for _ in range(MUTATIONS):
            self.send(way, mutated(unmarked, chance))
        if chance.random() < 0.1:
            # The same again, and on another way.
            self.send(way, body)
            self.send("gateway gRPC" if way != JSON_WAY else way, body)

    def _extremes(self) -> None:
        """Payloads that are large after they are unpacked, or deep."""
        for way in ("agent HTTP gzip", "agent gRPC gzip"):
            self.send(way, bytes(PACKED_BYTES))
        deep = payloads.deep(DEEP)
        for way in ("agent gRPC", "agent HTTP", "gateway gRPC"):
            self.send(way, deep)
        self.send(JSON_WAY, payloads.deep_json(DEEP))

    def send(self, way: str, body: bytes) -> Answer:
        """Raises BrokenError at an answer that no sender may get."""
        try:
            answer = self._ways.by_name[way](body)
        except httpx.HTTPError as error:
            answer = Answer("NONE", str(error))
        self.result.payloads += 1
        self.result.answers[answer.code] += 1
        self._last.append((way, body))
        if not answer.allowed:
            if self._guilty is None or len(body) <= len(self._guilty[1]):
                self._guilty = (way, body)
            raise BrokenError(f"{way} answered {answer.code}: {answer.detail}")
        return answer

    def check_alive(self) -> None:
        """Raises BrokenError when a part has ended or grows without bound, or the innocent's samples are old."""
        for name, part in (("agent", self._pipeline.agent), ("gateway", self._pipeline.gateway)):
            if not part.alive:
                raise BrokenError(f"the {name} has ended: {part.output()[-2000:]}")
            taken = psutil.Process(part.pid).memory_info().rss
            if taken > MEMORY_BYTES:
                raise BrokenError(f"the {name} takes {taken >> 20} MB")
        if time.monotonic() - self._begun > FRESH_SECONDS:
            self._eventually(lambda: _late(self._pipeline), FRESH_SECONDS)

    def settle(self, innocent: Innocent) -> None:
        """After the load: all that was sent has come to its end, and is counted and stored as it was sent."""
        if innocent.refused:
            raise BrokenError(f"the innocent was refused: {dict(innocent.refused)}")
        self._told("waiting for what is under way …")
        self._eventually(lambda: self._unsettled() or "", DRAIN_SECONDS)
        self.check_alive()
        self._eventually(lambda: innocent.wrong(self._pipeline), 10)
        self._eventually(lambda: self.markers.wrong(self._pipeline), 10)
        self.result.refusals.update(_REFUSAL.findall(self._pipeline.gateway.output()))
        self.result.innocent_exports, self.result.markers = innocent.exports, self.markers.count

    def _unsettled(self) -> str:
        if waiting := self._pipeline.waiting():
            return f"{waiting:.0f} bytes wait in the agent"
        accepted = sum(self._pipeline.counted("otelcol_receiver_accepted_metric_points").values())
        stored = sum(self._pipeline.counted("reduse_gateway_points_stored").values())
        left_out: Counter[str] = Counter()
        for labels, count in self._pipeline.counted("reduse_gateway_points_left_out").items():
            left_out[dict(labels)["reason"]] += int(count)
        self.result.accepted, self.result.stored, self.result.left_out = int(accepted), int(stored), left_out
        ended = stored + left_out.total()
        return "" if ended == accepted else f"the gateway accepted {accepted:.0f} points, and counts {ended:.0f}"

    def _eventually(self, wrong: Callable[[], str], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while said := wrong():
            if time.monotonic() > deadline:
                raise BrokenError(said)
            time.sleep(0.5)


def _late(pipeline: Pipeline) -> str:
    try:
        seconds = age(pipeline)
    except QueryError as error:
        return str(error)
    return f"the innocent's newest sample is {seconds:.0f} s old" if seconds > FRESH_SECONDS else ""


def fuzz(
    otelcol: Path,
    folder: Path,
    *,
    seconds: float,
    number: int,
    prometheus: str = "prometheus",
    store: str | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Result:
    """Start the pipeline, send odd metrics for so long, and look at what came of them.

    Args:
        otelcol: the collector that is built.
        folder: for the parts' configurations, data and logs, and for the payload after which something did not hold.
        seconds: for how long metrics are sent.
        number: whoever gives the same gets the same metrics, but for the time.
        prometheus: the program; VictoriaMetrics' does too.
        store: what the gateway is told that it is (REDUSE_STORE); what its version says when not given.
        told: is told what goes on.
    """
    variables = {"REDUSE_STORE": store or store_of(prometheus)}
    with (
        pipelines.running(otelcol, folder, store=prometheus, variables=variables) as pipeline,
        Ways(pipeline) as ways,
    ):
        run = Run(pipeline, ways, seconds, number, told)
        innocent = Innocent(ways.by_name["agent gRPC"])
        try:
            with innocent:
                run.all(innocent)
            run.settle(innocent)
        except BrokenError as error:
            run.result.broken = str(error)
            run.result.saved = str(_save(run.last, folder))
    return run.result


def store_of(prometheus: str) -> str:
    """What the gateway is to be told of this program: from version 3 on it takes native histograms."""
    if servers.is_victoriametrics(prometheus):
        return "victoriametrics"
    said = subprocess.run([prometheus, "--version"], capture_output=True, text=True, check=True)
    version = re.search(r"version (\d+)\.", said.stdout + said.stderr)
    return "prometheus-3" if version and int(version[1]) >= 3 else "prometheus-2"


def _save(sent: list[tuple[str, bytes]], folder: Path) -> Path:
    saved = folder / "payloads"
    saved.mkdir()
    for number, (way, body) in enumerate(sent):
        (saved / f"{number:03d} {way}").write_bytes(body)
    return saved
