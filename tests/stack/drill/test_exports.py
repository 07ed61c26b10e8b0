"""What the drill sends is odd, and comes to the agent with what it asks of its senders."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from reduse.operation import certificates
from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack.drill.exports import exports, odd
from tests.ports import free_port
from tests.waiting import wait_until


class Agent(grpc.GenericRpcHandler):
    """Keeps what it is sent, and the token that came with it."""

    def __init__(self) -> None:
        self.received: list[tuple[ExportMetricsServiceRequest, object]] = []

    def service(self, details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        token = dict(details.invocation_metadata).get("authorization")

        def take(body: bytes, _context: grpc.ServicerContext) -> bytes:
            self.received.append((ExportMetricsServiceRequest.FromString(body), token))
            return b""

        return grpc.unary_unary_rpc_method_handler(take)


@pytest.fixture(params=[False, True], ids=["plain", "secure"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    made = Settings(state_dir=tmp_path, agent_port=free_port(), security=request.param)
    if made.security:
        certificates.ensure(made.certificates_dir, hosts=(), now=datetime.now(UTC))
        made.secrets_dir.mkdir(exist_ok=True)
        secret_files.write(made.secrets_dir / "agent_token", "the token")
    return made


@pytest.fixture
def agent(settings: Settings) -> Iterator[Agent]:
    agent, address = Agent(), f"127.0.0.1:{settings.agent_port}"
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((agent,))
    if settings.security:
        key, chain = ((settings.certificates_dir / f"agent.{ending}").read_bytes() for ending in ("key", "crt"))
        server.add_secure_port(address, grpc.ssl_server_credentials([(key, chain)]))
    else:
        server.add_insecure_port(address)
    server.start()
    yield agent
    server.stop(None).wait()


@pytest.mark.slow
def test_it_is_sent_again_and_again_until_the_block_ends(settings: Settings, agent: Agent) -> None:
    with exports(settings, "drill-poison"):
        wait_until(lambda: len(agent.received) >= 2, "two exports")
    assert {token for _, token in agent.received} == {"Bearer the token" if settings.security else None}
    first, second = (request.resource_metrics[0] for request, _ in agent.received[:2])
    assert first.resource == second.resource
    assert first.resource.attributes[0].value.string_value == "drill-poison"
    times = [of.scope_metrics[0].metrics[1].histogram.data_points[0].time_unix_nano for of in (first, second)]
    assert times[0] < times[1]


def test_what_is_sent_contradicts_itself() -> None:
    exponential, malformed = odd("drill-poison", 1, 2).resource_metrics[0].scope_metrics[0].metrics
    assert exponential.WhichOneof("data") == "exponential_histogram"
    [point] = malformed.histogram.data_points
    assert point.count != sum(point.bucket_counts)
