"""The real process over HTTP: what a sender gets for what it sends."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExportResult

from reduse.processor.core.refusal import Refusal
from tests.ports import free_port
from tests.processor.exports import SECOND, export, point, request, text
from tests.processor.http_client import HttpClient
from tests.processor.process import Client, Running, busy, refusal, running
from tests.processor.sink import Sink
from tests.waiting import wait_until

pytestmark = pytest.mark.server

USER = f"{1:016x}"


@pytest.fixture
def processor(sink: Sink, tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "state", sink.port, MESSAGE_BYTES="100000") as started:
        yield started


@pytest.fixture
def client(processor: Running) -> Iterator[HttpClient]:
    with closing(HttpClient(processor.http_port)) as made:
        yield made


def test_both_doors_count_into_one_state(sink: Sink, processor: Running, client: HttpClient) -> None:
    end, grpc_client = time.time_ns() // SECOND * SECOND, Client(processor.port)
    first, second = export(end - 2 * SECOND, end - SECOND, {USER: 2}), export(end - SECOND, end, {USER: 3})
    for compress in (True, False):
        assert client.send(first, compress=compress).body == b""
    grpc_client.send(first)
    grpc_client.send(second)
    grpc_client.close()

    assert processor.metric("reduse_processor_points_duplicate_total") == 4
    wait_until(lambda: sink.last("reduse.user.requests").get("user") == 5, "the count")


def test_a_mixed_request_is_counted_as_far_as_it_is_good_and_says_why_not_further(
    sink: Sink, processor: Running, client: HttpClient
) -> None:
    end = time.time_ns()
    plain = point(end - SECOND, end, 5)
    plain.attributes.append(text("user.id", "me@example.org"))
    answer = client.send(request([point(end - SECOND, end, 5, USER), plain, point(end - SECOND, end, 0)]))

    partial = answer.response.partial_success
    assert partial.rejected_data_points == 1
    assert partial.error_message == f"unknown_attribute: 1 ({Refusal.UNKNOWN_ATTRIBUTE.cure})"
    assert answer.headers["content-type"] == "application/x-protobuf"
    wait_until(lambda: sink.last("reduse.user.requests").get("user") == 5, "the good point's count")


@pytest.mark.parametrize("compression", [Compression.Gzip, Compression.NoCompression])
def test_the_sdks_exporter_is_understood(processor: Running, compression: Compression) -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    provider.get_meter("m").create_counter("some.requests").add(1)
    exporter = OTLPMetricExporter(f"http://127.0.0.1:{processor.http_port}/v1/metrics", compression=compression)
    data = reader.get_metrics_data()
    assert data is not None
    assert exporter.export(data) is MetricExportResult.SUCCESS
    assert processor.metric("reduse_processor_points_refused_total") == 1
    exporter.shutdown()
    provider.shutdown()


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"body": b"\xff\xff"}, 400, "the body is not an ExportMetricsServiceRequest"),
        ({"body": b"\xff\xff", "encoding": "gzip"}, 400, "the body is not gzip"),
        ({"path": "/v1/traces"}, 404, "POST /v1/metrics"),
        ({"method": "GET"}, 405, "POST /v1/metrics"),
        ({"kind": "text/plain"}, 415, "application/x-protobuf"),
        ({"kind": "application/json", "body": b"{}"}, 415, "JSON is not accepted"),
        ({"encoding": "zstd"}, 415, "gzip"),
        ({"body": bytes(100_001)}, 413, "more than 100000 bytes"),
    ],
)
def test_what_is_not_taken_is_answered_with_a_status_that_says_why_and_not_sent_again(
    client: HttpClient, processor: Running, changes: dict[str, str], status: int, says: str
) -> None:
    given = {"body": b"", **changes}
    answer = client.post(**given)  # type: ignore[arg-type]  # parameters of one call

    assert answer.status == status
    assert says in answer.message
    assert "retry-after" not in answer.headers
    assert client.post(b"").status == 200, "the next one is taken"
    refused = processor.metric("reduse_processor_requests_total") - 1
    assert refused == 1


def test_json_is_answered_in_json(client: HttpClient) -> None:
    answer = client.post(b"{}", kind="application/json")

    assert answer.headers["content-type"] == "application/json"
    assert "application/x-protobuf" in json.loads(answer.body)["message"]


def test_while_the_state_cannot_be_written_both_doors_and_readiness_say_later(
    processor: Running, client: HttpClient, tmp_path: Path
) -> None:
    end = time.time_ns()
    grpc_client, message = Client(processor.port), export(end - SECOND, end, {USER: 2})
    with busy(tmp_path / "state"):
        answer = client.send(message)
        assert answer.status == 503
        assert answer.headers["retry-after"] == "1"
        assert "send again" in answer.message
        wait_until(lambda: processor.get("/readyz")[0] == 503, "unreadiness")
        assert processor.get("/healthz")[0] == 200
        with pytest.raises(grpc.RpcError) as caught:
            grpc_client.send(message)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert client.send(message).status == 200
    wait_until(lambda: processor.get("/readyz")[0] == 200, "readiness")
    assert processor.metric("reduse_processor_points_duplicate_total") == 0
    grpc_client.close()


def test_the_bound_of_requests_under_way_is_one_for_both_doors(sink: Sink, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with (
        running(state, sink.port, REQUESTS_LIMIT="1") as processor,
        closing(HttpClient(processor.http_port)) as client,
    ):
        end = time.time_ns()
        waiting = threading.Thread(
            target=Client(processor.port).send_until_taken, args=(export(end - SECOND, end, {USER: 1}),)
        )
        with busy(state):
            waiting.start()
            wait_until(lambda: client.post(b"").status == 503, "a refusal")
        waiting.join()
        wait_until(lambda: client.post(b"").status == 200, "room")


def test_without_an_endpoint_there_is_no_http(sink: Sink, tmp_path: Path) -> None:
    with running(tmp_path / "state", sink.port, HTTP_ENDPOINT="") as processor:
        with pytest.raises(ConnectionRefusedError):
            HttpClient(processor.http_port).post(b"")
        assert processor.terminate() == 0


def test_a_taken_port_is_one_line_that_names_the_setting(sink: Sink, processor: Running, tmp_path: Path) -> None:
    taken = {"HTTP_ENDPOINT": f"127.0.0.1:{processor.http_port}"}
    line = refusal(tmp_path / "other", sink.port, free_port(), **taken)
    assert taken["HTTP_ENDPOINT"] in line
    assert "_HTTP_ENDPOINT" in line
