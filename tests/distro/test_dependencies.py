"""A real database and a real broker: queries and messages are counted without a line in the service."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from reduse.distro.provider import DB_DURATION_BOUNDS
from tests.distro.service import SCRIPTS, environment, instrumented
from tests.otlp_receiver import OtlpReceiver, Received
from tests.ports import free_port
from tests.postgres import PASSWORD, SUPERUSER, start_postgres
from tests.rabbitmq import ADMINISTRATOR, start_rabbitmq
from tests.rabbitmq import PASSWORD as BROKER_PASSWORD

pytestmark = pytest.mark.server

ROLES = ("shop_api", "crm_api", "mes_api", "monitoring")


@pytest.fixture(scope="module")
def received() -> Iterator[OtlpReceiver]:
    """What arrives from one run of a script with five queries, six messages sent and six consumed."""
    with ExitStack() as stack:
        directories = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)]
        database = stack.enter_context(start_postgres(directories[0], free_port()))
        users = dict.fromkeys(ROLES, "password-of-a-test")
        broker = stack.enter_context(start_rabbitmq(directories[1], free_port(), free_port(), users))
        receiver = stack.enter_context(OtlpReceiver())
        variables = environment(
            receiver.endpoint,
            TEST_DATABASE=f"host={database.host} port={database.port} user={SUPERUSER} password={PASSWORD}",
            TEST_BROKER=f"amqp://{ADMINISTRATOR}:{BROKER_PASSWORD}@{broker.host}:{broker.port}/%2F",
        )
        process = instrumented([str(SCRIPTS / "python"), "-m", "tests.distro.dependencies"], variables)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
        yield receiver


def by_destination(points: list[Received]) -> dict[tuple[object, object, object], float]:
    return {
        (
            point.attributes["messaging.operation.name"],
            point.attributes["messaging.destination.name"],
            point.attributes.get("error.type"),
        ): point.value
        for point in points
    }


def test_queries_are_timed_with_bounds_for_seconds_and_without_their_text(received: OtlpReceiver) -> None:
    points = received.latest("db.client.operation.duration")
    selects = [point for point in points if point.attributes["db.operation.name"] == "SELECT"]
    assert sum(point.value for point in selects) == 5
    assert {point.bounds for point in points} == {DB_DURATION_BOUNDS}
    assert {point.unit for point in points} == {"s"}
    assert not [name for point in points for name in point.attributes if "text" in name or "statement" in name]


def test_messages_are_counted_once_by_destination_and_outcome(received: OtlpReceiver) -> None:
    assert by_destination(received.latest("messaging.client.sent.messages")) == {("publish", "orders", None): 6}
    assert by_destination(received.latest("messaging.client.consumed.messages")) == {
        ("consume", "mes.orders", None): 5,
        ("consume", "mes.orders", "rejected"): 1,
    }
    assert by_destination(received.latest("messaging.process.duration")) == {
        ("process", "mes.orders", None): 4,
        ("process", "mes.orders", "rejected"): 1,
    }


def test_a_process_without_http_sends_no_heartbeat(received: OtlpReceiver) -> None:
    assert received.named("reduse.user.request.duration") == []
    assert received.named("process.cpu.time")
