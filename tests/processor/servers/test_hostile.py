"""What a broken or hostile sender can send: answered, counted by what it is, and the next good request is taken."""

import gzip
import itertools
import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import psutil
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint

from reduse.processor.core.refusal import Refusal
from reduse.processor.otlp.one_export import COUNT_LIMIT
from reduse.processor.pipeline.intake import Verdict
from tests.intruders import METHOD
from tests.processor.exports import CUMULATIVE, SECOND, export, point, request, text
from tests.processor.http_client import HttpClient
from tests.processor.process import Client, Running, running
from tests.processor.sink import Sink
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.server

MESSAGE_BYTES = 2**20
USER = f"{1:016x}"
STATUS = {200: "OK", 400: "INVALID_ARGUMENT", 413: "RESOURCE_EXHAUSTED"}


@dataclass
class Reply:
    """In gRPC's terms, whichever door it was."""

    status: str
    message: str
    body: bytes = b""

    @property
    def refused(self) -> int:
        return ExportMetricsServiceResponse.FromString(self.body).partial_success.rejected_data_points

    @property
    def why(self) -> str:
        return ExportMetricsServiceResponse.FromString(self.body).partial_success.error_message


@dataclass
class Target:
    processor: Running
    sink: Sink
    door: str
    good: int = 0
    # Each good request is the next second of an instance that nobody else has.
    seconds: Iterator[int] = field(default_factory=itertools.count)
    began: int = field(default_factory=lambda: time.time_ns() - 200 * SECOND)

    def send(self, body: bytes, *, compressed: bool = False) -> Reply:
        """`compressed`: the body is gzip already."""
        return self._over_http(body, compressed) if self.door == "http" else self._over_grpc(body, compressed)

    def _over_http(self, body: bytes, compressed: bool) -> Reply:
        with closing(HttpClient(self.processor.http_port)) as client:
            answer = client.post(body, encoding="gzip" if compressed else "")
        taken = answer.status == 200
        return Reply(STATUS[answer.status], "" if taken else answer.message, answer.body if taken else b"")

    def _over_grpc(self, body: bytes, compressed: bool) -> Reply:
        # gRPC compresses by itself.
        body, compression = (gzip.decompress(body), grpc.Compression.Gzip) if compressed else (body, None)
        options = [("grpc.max_send_message_length", -1)]
        with grpc.insecure_channel(f"127.0.0.1:{self.processor.port}", options) as channel:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(METHOD)
            try:
                return Reply("OK", "", call(body, timeout=PATIENCE_SECONDS, compression=compression))
            except grpc.RpcError as error:
                return Reply(error.code().name, error.details() or "")

    def outcome(self, verdict: Verdict) -> float:
        return self.processor.metric("reduse_processor_requests_total", outcome=verdict.value)

    def refused(self, reason: Refusal) -> float:
        return self.processor.metric("reduse_processor_points_refused_total", reason=reason.value)

    def takes_good_requests(self) -> None:
        end = self.began + next(self.seconds) * SECOND
        self.good += 3
        reply = self.send(export(end - SECOND, end, {USER: 3}, instance="good").SerializeToString())
        assert reply == Reply("OK", "")

    def counted(self) -> int:
        """Requests of users of mes-api."""
        samples = self.sink.samples("reduse.user.requests")
        points = samples.get((("service", "mes-api"), ("identity", "user")), {})
        return points[max(points)].as_int if points else 0


@pytest.fixture(scope="module")
def one_for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """One process for all tests; at the end it has counted every good point, and nothing went wrong in it."""
    state = tmp_path_factory.mktemp("hostile") / "state"
    with Sink() as sink, running(state, sink.port, MESSAGE_BYTES=str(MESSAGE_BYTES)) as processor:
        made = Target(processor, sink, "grpc")
        made.takes_good_requests()
        yield made
        wait_until(lambda: made.counted() == made.good, f"a count of {made.good}")
        assert processor.terminate() == 0
        assert '"level": "ERROR"' not in processor.log.read_text()


@pytest.fixture(params=["grpc", "http"])
def target(request: pytest.FixtureRequest, one_for_all: Target) -> Target:
    one_for_all.door = request.param
    return one_for_all


def good_body() -> bytes:
    end = time.time_ns()
    return export(end - SECOND, end, {USER: 1}, instance="other").SerializeToString()


@pytest.mark.parametrize(
    "body",
    [
        good_body()[:-1],
        good_body()[:10],
        b"\xff" * 1000,
        random.Random(1).randbytes(10_000),  # noqa: S311
        b"\x0a" * 50_000,
        b"\x0a\xff\xff\xff\xff\x0f",
    ],
    ids=["cut", "cut early", "ff", "random", "nested", "length"],
)
def test_what_is_no_request_is_malformed(target: Target, body: bytes) -> None:
    before = target.outcome(Verdict.MALFORMED)
    reply = target.send(body)

    assert reply == Reply("INVALID_ARGUMENT", "the body is not an ExportMetricsServiceRequest")
    assert target.outcome(Verdict.MALFORMED) == before + 1
    target.takes_good_requests()


def test_random_bytes_are_answered_whatever_they_are(target: Target) -> None:
    """Some are a valid message that says nothing."""
    draw, end = random.Random(7), time.time_ns()  # noqa: S311
    good = export(end - SECOND, end, {USER: 1}, service="a service that no one else has").SerializeToString()
    for _ in range(200):
        body = bytearray(good)
        for _ in range(draw.randrange(1, 6)):
            body[draw.randrange(len(body))] = draw.randrange(256)
        assert target.send(bytes(body)).status in {"OK", "INVALID_ARGUMENT"}
    target.takes_good_requests()


@pytest.mark.parametrize("compressed", [False, True])
def test_what_is_larger_than_the_bound_is_refused_for_good(target: Target, compressed: bool) -> None:
    """As sent, and as decompressed; a collector drops it and goes on with what is behind it."""
    verdict = Verdict.TOO_LARGE if target.door == "http" else Verdict.INCOMPLETE
    before = target.outcome(verdict)
    body = os.urandom(MESSAGE_BYTES + 1)
    reply = target.send(gzip.compress(body, 1) if compressed else body, compressed=compressed)

    assert reply.status == "RESOURCE_EXHAUSTED"
    wait_until(lambda: target.outcome(verdict) == before + 1, "the metric")
    target.takes_good_requests()


def test_a_bomb_costs_no_more_memory_than_the_bound(target: Target) -> None:
    target.takes_good_requests()
    process = psutil.Process(target.processor.process.pid)
    before, most = process.memory_info().rss, 0
    bomb = gzip.compress(bytes(300 * MESSAGE_BYTES), 6)
    for _ in range(3):
        assert target.send(bomb, compressed=True).status == "RESOURCE_EXHAUSTED"
        most = max(most, process.memory_info().rss)
    assert most - before < 30 * MESSAGE_BYTES
    target.takes_good_requests()


def test_a_good_request_that_is_gzip_is_taken(target: Target) -> None:
    end = target.began + next(target.seconds) * SECOND
    target.good += 7
    body = export(end - SECOND, end, {USER: 7}, instance="good").SerializeToString()
    assert target.send(gzip.compress(body), compressed=True) == Reply("OK", "")
    target.takes_good_requests()


Change = Callable[[HistogramDataPoint, int], None]


def changed(**fields: object) -> Change:
    def change(made: HistogramDataPoint, _: int) -> None:
        for name, value in fields.items():
            setattr(made, name, value)

    return change


def start_after_time(made: HistogramDataPoint, now: int) -> None:
    made.start_time_unix_nano, made.time_unix_nano = now, now - 1


def future(made: HistogramDataPoint, now: int) -> None:
    made.time_unix_nano = now + 3600 * SECOND


def plain(made: HistogramDataPoint, _: int) -> None:
    made.attributes[0].CopyFrom(text("user.id", "me@example.org"))


def other_user(value: str) -> Change:
    def change(made: HistogramDataPoint, _: int) -> None:
        made.attributes[0].CopyFrom(text("user.hash", value))

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (changed(sum=float("nan")), Refusal.BAD_SUM),
        (changed(sum=float("inf")), Refusal.BAD_SUM),
        (changed(sum=float("-inf")), Refusal.BAD_SUM),
        (changed(sum=-1.0), Refusal.BAD_SUM),
        (changed(sum=1e300), Refusal.BAD_SUM),
        (changed(count=COUNT_LIMIT + 1), Refusal.BAD_COUNT),
        (changed(count=2**64 - 1), Refusal.BAD_COUNT),
        (changed(flags=1), Refusal.NO_VALUE),
        (changed(start_time_unix_nano=0), Refusal.BAD_INTERVAL),
        (start_after_time, Refusal.BAD_INTERVAL),
        (future, Refusal.FUTURE),
        (changed(time_unix_nano=2**64 - 1), Refusal.FUTURE),
        (plain, Refusal.UNKNOWN_ATTRIBUTE),
        (other_user(""), Refusal.BAD_USER),
        (other_user("x" * 100_000), Refusal.BAD_USER),
        (other_user("é" * 8), Refusal.BAD_USER),
    ],
)
def test_a_bad_point_is_refused_by_reason_and_the_good_ones_beside_it_are_counted(
    target: Target, change: Change, reason: Refusal
) -> None:
    before, end = target.refused(reason), target.began + next(target.seconds) * SECOND
    bad = point(end - SECOND, end, 2, f"{2:016x}")
    change(bad, time.time_ns())
    points = [point(end - SECOND, end, 5, USER), bad, point(end - SECOND, end, 0)]
    reply = target.send(request(points, instance="good").SerializeToString())

    target.good += 5
    assert (reply.status, reply.refused) == ("OK", 1)
    assert reply.why == f"{reason.value}: 1 ({reason.cure})"
    assert target.refused(reason) == before + 1
    target.takes_good_requests()


def of_another_type() -> ExportMetricsServiceRequest:
    made = request([])
    gauge = made.resource_metrics[0].scope_metrics[0].metrics[0].gauge
    gauge.data_points.add(as_int=1)
    return made


def bad_requests() -> dict[str, tuple[ExportMetricsServiceRequest, Refusal]]:
    end = time.time_ns()
    points = [point(end - SECOND, end, 5, USER)]
    return {
        "another metric": (request(points, name="http.server.request.duration"), Refusal.UNKNOWN_METRIC),
        "cumulative": (request(points, temporality=CUMULATIVE), Refusal.NOT_DELTA),
        "another type": (of_another_type(), Refusal.WRONG_TYPE),
        "no service": (request(points, service=""), Refusal.NO_STREAM),
        "no instance": (request(points, instance=""), Refusal.NO_STREAM),
        "a long name": (request(points, service="x" * 10_000), Refusal.NO_STREAM),
    }


@pytest.mark.parametrize("name", bad_requests())
def test_a_bad_part_is_refused_by_reason_and_the_good_part_beside_it_is_counted(target: Target, name: str) -> None:
    bad, reason = bad_requests()[name]
    before, end = target.refused(reason), target.began + next(target.seconds) * SECOND
    mixed = export(end - SECOND, end, {USER: 5}, instance="good")
    mixed.MergeFrom(bad)
    target.good += 5
    reply = target.send(mixed.SerializeToString())

    assert (reply.status, reply.refused) == ("OK", 1)
    assert reply.why == f"{reason.value}: 1 ({reason.cure})"
    assert target.refused(reason) == before + 1
    target.takes_good_requests()


@pytest.mark.parametrize(("valid", "position"), [("mes-api", "service"), ("other", "instance"), (f"{2:016x}", "user")])
def test_text_that_is_not_utf_8_is_answered_and_breaks_nothing(target: Target, valid: str, position: str) -> None:
    """As malformed or as a refused point, and never counted."""
    end = time.time_ns()
    body = export(end - SECOND, end, {f"{2:016x}": 1}, instance="other").SerializeToString()
    assert valid.encode() in body, position
    reply = target.send(body.replace(valid.encode(), b"\xff\xfe" + valid.encode()[2:]))

    assert reply.status == "INVALID_ARGUMENT" or reply.refused > 0
    target.takes_good_requests()


def test_bytes_in_the_place_of_text_are_refused(target: Target) -> None:
    end = time.time_ns()
    made = point(end - SECOND, end, 1, USER)
    made.attributes[0].value.bytes_value = b"\xff\x00"
    assert target.send(request([made], instance="other").SerializeToString()).refused == 1
    target.takes_good_requests()


def test_thousands_of_tiny_resources_are_taken_up_to_the_bound_of_streams(target: Target) -> None:
    """Those beyond it are refused; the streams that were known before go on."""
    before, end = target.refused(Refusal.TOO_MANY_STREAMS), time.time_ns()
    many = ExportMetricsServiceRequest()
    for number in range(3000):
        many.MergeFrom(request([point(end - SECOND, end, 0)], instance=f"i{number}"))
    reply = target.send(many.SerializeToString())

    assert reply.status == "OK"
    assert 2000 <= reply.refused < 3000
    assert reply.why.startswith(f"{Refusal.TOO_MANY_STREAMS.value}: {reply.refused} (")
    assert target.refused(Refusal.TOO_MANY_STREAMS) == before + reply.refused
    target.takes_good_requests()


def test_slow_connections_hold_up_neither_door_and_are_closed(tmp_path: Path) -> None:
    """More than there is room for, each a byte now and then: gRPC goes on, and they make room for HTTP."""
    with (
        Sink() as sink,
        running(tmp_path / "state", sink.port, CONNECTIONS="256") as processor,
        ExitStack() as stack,
    ):
        slow = []
        for _ in range(300):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", processor.http_port), 5))
            connection.sendall(b"POST /v1/metrics HTTP/1.1\r\nx: ")
            slow.append(connection)
        end, client = time.time_ns(), Client(processor.port)
        stack.callback(client.close)
        client.send(export(end - SECOND, end, {USER: 2}))
        assert processor.metric("reduse_processor_requests_total", outcome="incomplete") == 300 - 256

        over_http = stack.enter_context(closing(HttpClient(processor.http_port)))
        over_http.send_until_taken(export(end, end + 1, {USER: 3}))
        wait_until(lambda: processor.metric("reduse_processor_requests_total", outcome="incomplete") == 300, "300")
        wait_until(lambda: sink.last("reduse.user.requests").get("user") == 5, "the count")
