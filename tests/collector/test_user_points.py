"""Points of users as the agent passes them on: the processor reads them as one array, and not one by one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest

from reduse.processor.otlp.layout import layout_of
from reduse.processor.otlp.schema import Outline
from tests.collector.running import Agent, environment
from tests.processor.exports import SECOND, export
from tests.processor.process import Client
from tests.waiting import wait_until

pytestmark = pytest.mark.server

USERS = 1000
BEGIN = 1_790_000_000 * SECOND


class Bodies(grpc.GenericRpcHandler):
    """Keeps what it is sent as it is."""

    def __init__(self) -> None:
        self.received: list[bytes] = []

    def service(self, _details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        return grpc.unary_unary_rpc_method_handler(self._take)

    def _take(self, body: bytes, _context: grpc.ServicerContext) -> bytes:
        self.received.append(body)
        return b""


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


@pytest.fixture
def processor(variables: dict[str, str]) -> Iterator[Bodies]:
    bodies = Bodies()
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((bodies,))
    server.add_insecure_port(variables["REDUSE_PROCESSOR_ENDPOINT"])
    server.start()
    yield bodies
    server.stop(None).wait()


def test_points_of_users_have_one_layout_after_the_agent(
    otelcol: Path, tmp_path: Path, variables: dict[str, str], processor: Bodies
) -> None:
    agent = Agent(otelcol, tmp_path, variables)
    agent.start()
    client = Client(int(agent.endpoint.rsplit(":", 1)[1]))
    client.send(export(BEGIN, BEGIN + SECOND, {f"{user:016x}": 1 + user for user in range(USERS)}))
    wait_until(lambda: bool(processor.received), "the export's coming to the processor")
    client.close()
    agent.kill()

    (body,) = processor.received
    (metric,) = Outline.FromString(body).resource_metrics[0].scope_metrics[0].metrics
    (histogram,) = metric.histograms
    points = np.frombuffer(histogram, np.uint8)[histogram.index(b"\x0a") :]
    layout = layout_of(points[: 2 + points[1]].tobytes(), 2)
    assert layout is not None
    assert layout.alike(points) == USERS
