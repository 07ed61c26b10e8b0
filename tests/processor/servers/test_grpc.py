"""The real process: OTLP in, OTLP out, killed and started again."""

import json
import random
import threading
import time
from collections import Counter
from pathlib import Path

import grpc
import pytest

from reduse.processor.core.refusal import Refusal, explain
from tests.ports import free_port
from tests.processor.exports import SECOND, export, point, request
from tests.processor.process import Client, busy, refusal, running
from tests.processor.sink import Sink
from tests.waiting import wait_until

pytestmark = pytest.mark.server


def now() -> int:
    return time.time_ns()


def user(number: int) -> str:
    return f"{number:016x}"


def test_counts_come_out_within_a_second_of_the_windows_end(sink: Sink, tmp_path: Path) -> None:
    with running(tmp_path / "state", sink.port) as processor:
        client = Client(processor.port)
        end = now() // SECOND * SECOND
        client.send(export(end - SECOND, end, {user(1): 5, user(2): 7}, anonymous=3))
        sent = time.monotonic()
        wait_until(lambda: bool(sink.samples("reduse.user.rate")), "a metric")
        assert time.monotonic() - sent < 1
        client.close()

        assert sink.last("reduse.user.requests") == {"user": 12, "anonymous": 3, "overflow": 0}
        rates = {key[-1][1]: p[end].as_double for key, p in sink.samples("reduse.user.rate").items()}
        assert rates == {user(1): 5.0, user(2): 7.0, "other": 0.0, "anonymous": 3.0}
        names = {m.name for m in sink.requests[0].resource_metrics[0].scope_metrics[0].metrics}
        assert names == {
            "reduse.user.requests",
            "reduse.user.rate",
            "reduse.user.concurrency",
            "reduse.user.labels.refused",
            "reduse.user.rate.distribution",
            "reduse.users.active",
            "reduse.user.share",
            "reduse.rate_limit.rejected",
            "reduse.rate_limit.users",
            "reduse.throttled.requests",
            "reduse.throttled.users",
            "reduse.service.concurrency",
            "reduse.service.observed",
            "reduse.concurrency_limit.above",
        }


def test_refused_points_are_answered_with_why_and_the_rest_is_counted(sink: Sink, tmp_path: Path) -> None:
    with running(tmp_path / "state", sink.port) as processor:
        client, end = Client(processor.port), now()
        good, bad = point(end - SECOND, end, 5, user(1)), point(end - SECOND, end, 5, "me@example.org")
        future = point(end, end + 60 * SECOND, 5, user(1))
        answer = client.send(request([good, bad, future, point(end - SECOND, end, 0)]))

        assert answer.partial_success.rejected_data_points == 2
        refused = {Refusal.BAD_USER: 1, Refusal.FUTURE: 1}
        assert answer.partial_success.error_message == explain(refused)
        repeated = client.send(request([good]))
        assert not repeated.HasField("partial_success")
        assert processor.metric("reduse_processor_points_received_total") == 5
        assert processor.metric("reduse_processor_points_refused_total", service="mes-api") == 2
        assert processor.metric("reduse_processor_points_refused_total", reason=Refusal.FUTURE.value) == 1
        assert processor.metric("reduse_processor_points_duplicate_total") == 1
        with pytest.raises(grpc.RpcError) as caught:
            client.send_bytes(b"\xff\xff")
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        client.close()
        wait_until(lambda: sink.last("reduse.user.requests").get("user") == 5, "the good point's count")


def test_kill_9_in_the_middle_of_a_stream_loses_and_doubles_nothing(sink: Sink, tmp_path: Path) -> None:
    """Two instances send without a pause while the processor is killed again and again at any moment."""
    port, sent, stop = free_port(), Counter[str](), threading.Event()
    lock, chance = threading.Lock(), random.Random(5)  # noqa: S311

    def stream(instance: str) -> None:
        client, draw, time_sent = Client(port), random.Random(instance), now() - SECOND  # noqa: S311
        while not stop.is_set():
            start, time_sent = time_sent, max(now(), time_sent + 1)
            users = {user(draw.randrange(500)): draw.randrange(1, 9) for _ in range(60)}
            anonymous = draw.randrange(5)
            message = export(start, time_sent, users, anonymous, instance)
            client.send_until_taken(message)
            if draw.random() < 0.2:
                client.send_until_taken(message)  # its answer was lost
            with lock:
                sent["user"] += sum(users.values())
                sent["anonymous"] += anonymous
            stop.wait(0.02)
        client.close()

    senders = [threading.Thread(target=stream, args=(name,)) for name in ("one", "two")]
    state = tmp_path / "state"
    for number in range(5):
        with running(state, sink.port, port) as processor:
            if number == 0:
                for sender in senders:
                    sender.start()
            time.sleep(chance.uniform(0.5, 2.5))
            processor.kill()
    with running(state, sink.port, port) as processor:
        time.sleep(1)
        stop.set()
        for sender in senders:
            sender.join()
        expected = {**sent, "overflow": 0}
        wait_until(lambda: sink.last("reduse.user.requests") == expected, f"{expected}")
        time.sleep(1)
        assert sink.last("reduse.user.requests") == expected
        assert processor.terminate() == 0

    for samples in sink.samples("reduse.user.requests").values():
        totals = [samples[at].as_int for at in sorted(samples)]
        assert totals == sorted(totals), "a counter never falls"
    rates = sum(p.as_double for points in sink.samples("reduse.user.rate").values() for p in points.values())
    assert rates == sum(sent.values()), "windows of one second: the rates add up to the requests"


def test_what_could_not_be_sent_is_sent_when_the_gateway_is_back(sink: Sink, tmp_path: Path) -> None:
    sink.failing = grpc.StatusCode.UNAVAILABLE
    state, end = tmp_path / "state", now() // SECOND * SECOND - 5 * SECOND
    with running(state, sink.port) as processor:
        client = Client(processor.port)
        for second in range(5):
            client.send(export(end + second * SECOND, end + (second + 1) * SECOND, {user(1): 2}))
        wait_until(lambda: processor.metric("reduse_processor_outbox_depth") >= 5, "a full outbox")
        client.close()
        assert processor.terminate() == 0
    sink.failing = None
    with running(state, sink.port) as processor:
        wait_until(lambda: sink.last("reduse.user.requests") == {"user": 10, "anonymous": 0, "overflow": 0}, "all")
        assert len(sink.samples("reduse.users.active")[(("service", "mes-api"), ("window", "1m"))]) >= 5
        wait_until(lambda: processor.metric("reduse_processor_outbox_depth") == 0, "an empty outbox")


def test_what_the_gateway_will_never_take_does_not_hold_up_the_rest(sink: Sink, tmp_path: Path) -> None:
    sink.failing = grpc.StatusCode.INVALID_ARGUMENT
    with running(tmp_path / "state", sink.port) as processor:
        client, end = Client(processor.port), now() // SECOND * SECOND
        client.send(export(end - 2 * SECOND, end - SECOND, {user(1): 2}))
        wait_until(lambda: processor.metric("reduse_processor_payloads_total") >= 1, "a refusal")
        sink.failing = None
        client.send(export(end - SECOND, end, {user(1): 2}))
        wait_until(lambda: sink.last("reduse.user.requests").get("user") == 4, "the next window")
        client.close()


def test_more_requests_than_the_bound_are_asked_to_come_again(sink: Sink, tmp_path: Path) -> None:
    """UNAVAILABLE and not RESOURCE_EXHAUSTED, for which a collector drops the data."""
    state = tmp_path / "state"
    with running(state, sink.port, REQUESTS_LIMIT="1") as processor:
        client, end = Client(processor.port), now()
        client.send(export(end - SECOND, end, {user(1): 1}, instance="zero"))
        answers: list[tuple[grpc.StatusCode, str]] = []

        def is_refused() -> bool:
            try:
                client.send(export(end - SECOND, end, {user(1): 1}, instance="two"), timeout=1)
            except grpc.RpcError as error:
                answers.append((error.code(), error.details() or ""))
            # Else it was itself the one that waits, or the commit of the other had waited for too long.
            return bool(answers) and "too many" in answers[-1][1]

        with busy(state):
            message = export(end - SECOND, end, {user(1): 1})
            waiting = threading.Thread(target=client.send_until_taken, args=(message,))
            waiting.start()
            wait_until(is_refused, "a refusal for the number of requests")
        assert answers[-1][0] is grpc.StatusCode.UNAVAILABLE
        waiting.join()
        client.close()


def test_a_damaged_state_is_set_aside_and_seen(sink: Sink, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "state.sqlite").write_bytes(b"nonsense" * 1000)
    with running(state, sink.port) as processor:
        wait_until(lambda: processor.metric("reduse_processor_state_damaged_total") == 1, "the metric")
        assert list(state.glob("damaged-*/state.sqlite"))
        lines = [json.loads(line) for line in processor.log.read_text().splitlines()]
        assert "damaged" in next(line for line in lines if line["level"] == "ERROR")["message"]


def test_a_second_process_and_a_taken_port_are_one_line_and_status_2(sink: Sink, tmp_path: Path) -> None:
    with running(tmp_path / "state", sink.port) as processor:
        for state, port, named in (
            (tmp_path / "state", free_port(), "REDUSE_PROCESSOR_STATE_DIR"),
            (tmp_path / "other", processor.port, str(processor.port)),
        ):
            assert named in refusal(state, sink.port, port)


def test_health_is_answered_on_the_metrics_port(sink: Sink, tmp_path: Path) -> None:
    with running(tmp_path / "state", sink.port) as processor:
        assert [processor.get(path)[0] for path in ("/healthz", "/readyz", "/nothing")] == [200, 200, 404]
