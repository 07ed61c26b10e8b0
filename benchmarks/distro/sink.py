"""An OTLP receiver that takes anything and does nothing with a point: `python -m benchmarks.distro.sink`.

It keeps the newest messages with metrics, so that what was counted can be looked at when all is measured.
"""

import argparse
import signal
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.otlp_http import OtlpHttpServer, Posted, Reply

METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
METRICS_PATH = "/v1/metrics"
KEPT = "/reduse.benchmark.Sink/Kept"
RECEIVED_BYTES = "/reduse.benchmark.Sink/ReceivedBytes"

_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Sink(grpc.GenericRpcHandler):
    """Takes a message of any method as bytes and answers with an empty one, which is a success of each signal."""

    def __init__(self, keep: int) -> None:
        self._kept: deque[bytes] = deque(maxlen=keep)
        self._received_bytes = 0

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        answers = {KEPT: self._keeps, RECEIVED_BYTES: self._received, METRICS: self._take_metrics}
        return grpc.unary_unary_rpc_method_handler(answers.get(handler_call_details.method, self._take))

    def _take(self, message: bytes, _context: grpc.ServicerContext) -> bytes:
        self._received_bytes += len(message)
        return b""

    def _take_metrics(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        self._kept.append(message)
        return self._take(message, context)

    def take_post(self, posted: Posted) -> Reply:
        """Take a message over HTTP."""
        if posted.path == METRICS_PATH:
            self._kept.append(posted.body)
        self._received_bytes += len(posted.body)
        return Reply()

    def _keeps(self, _message: bytes, _context: grpc.ServicerContext) -> bytes:
        # Messages of protobuf one after another are one message with the contents of all.
        return b"".join(self._kept)

    def _received(self, _message: bytes, _context: grpc.ServicerContext) -> bytes:
        return str(self._received_bytes).encode()


def kept(endpoint: str) -> ExportMetricsServiceRequest:
    """All metrics that the sink at `endpoint` keeps, as one request."""
    return ExportMetricsServiceRequest.FromString(_ask(endpoint, KEPT))


def received_bytes(endpoint: str) -> int:
    """How much the sink at `endpoint` has received, as its clients encoded it."""
    return int(_ask(endpoint, RECEIVED_BYTES))


def _ask(endpoint: str, method: str) -> bytes:
    with grpc.insecure_channel(endpoint.removeprefix("http://"), _UNLIMITED) as channel:
        answer: bytes = channel.unary_unary(method, bytes, bytes)(b"", timeout=20)
        return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--keep", type=int, default=0, help="messages")
    arguments = parser.parse_args()
    ended = Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    sink = Sink(arguments.keep)
    http = OtlpHttpServer(arguments.http_port, sink.take_post)
    server = grpc.server(ThreadPoolExecutor(8), handlers=[sink], options=_UNLIMITED)
    server.add_insecure_port(f"127.0.0.1:{arguments.port}")
    server.start()
    ended.wait()
    server.stop(grace=None).wait()
    http.stop()


if __name__ == "__main__":
    main()
