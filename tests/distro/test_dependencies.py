"""A real database and a real broker: queries and messages are counted without a line in the service."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from reduse.distro.base.semantic_conventions import DURATION_BOUNDS
from reduse.distro.sources.database.aggregation import DURATION_BOUNDS as DATABASE_BOUNDS
from tests.distro.backends import BROKER_USERS
from tests.distro.service import SCRIPTS, environment, instrumented
from tests.otlp_receiver import OtlpReceiver, Received
from tests.ports import free_port
from tests.postgres import PASSWORD, SUPERUSER, Postgres, start_postgres
from tests.rabbitmq import ADMINISTRATOR, RabbitMQ, start_rabbitmq
from tests.rabbitmq import PASSWORD as BROKER_PASSWORD
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server

POOL = "db.client.connection.pool.name"
UNROUTABLE, NACKED, CLOSED = (
    f"pika.exceptions.{name}" for name in ("UnroutableError", "NackError", "ChannelWrongStateError")
)


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with start_postgres() as started:
        yield started


@pytest.fixture(scope="module")
def broker() -> Iterator[RabbitMQ]:
    with (
        tempfile.TemporaryDirectory() as directory,
        start_rabbitmq(Path(directory), free_port(), free_port(), BROKER_USERS) as started,
    ):
        yield started


@pytest.fixture(scope="module")
def received(database: Postgres, broker: RabbitMQ) -> Iterator[OtlpReceiver]:
    """What arrives from one run of the script `dependencies`, and of its forked child."""
    with ExitStack() as stack:
        receiver = stack.enter_context(OtlpReceiver())
        variables = environment(
            receiver.endpoint,
            TEST_DATABASE=f"postgresql://{SUPERUSER}:{PASSWORD}@{database.host}:{database.port}/postgres",
            TEST_BROKER=f"amqp://{ADMINISTRATOR}:{BROKER_PASSWORD}@{broker.host}:{broker.port}/%2F",
        )
        process = instrumented([str(SCRIPTS / "python"), "-m", "tests.distro.dependencies"], variables)
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, output
        yield receiver


def by_operation(points: list[Received]) -> dict[tuple[object, object, object], float]:
    return {
        (
            point.attributes["messaging.operation.name"],
            point.attributes.get("messaging.destination.name"),
            point.attributes.get("error.type"),
        ): point.value
        for point in points
    }


def of_parent(received: OtlpReceiver, name: str) -> list[Received]:
    """Points of the instance that talks to the broker, which is the parent."""
    (parent,) = {point.instance for point in received.named("messaging.client.sent.messages")}
    return [point for point in received.named(name) if point.instance == parent]


def test_queries_are_timed_with_bounds_for_seconds_and_named_by_known_commands(received: OtlpReceiver) -> None:
    points = received.latest("db.client.operation.duration")
    outcomes = {(point.attributes["db.operation.name"], point.attributes.get("error.type")): point for point in points}
    assert {outcome: point.value for outcome, point in outcomes.items()} == {
        ("SELECT", None): 7,
        ("_OTHER", "42601"): 1,
        ("SHOW", None): 1,
    }
    assert {point.bounds for point in points} == {DATABASE_BOUNDS}
    assert {point.unit for point in points} == {"s"}


def test_no_attribute_holds_a_query_or_a_secret(received: OtlpReceiver) -> None:
    values = {str(value) for point in received.points for value in point.attributes.values()}
    names = {name for point in received.points for name in point.attributes}
    for secret in (PASSWORD, BROKER_PASSWORD, ADMINISTRATOR, "query-text", "%s"):
        assert not [value for value in values if secret in value]
    assert not [name for name in names if "text" in name or "statement" in name or "user" in name]


def test_pools_are_measured_while_they_live(received: OtlpReceiver, database: Postgres) -> None:
    server = f"{database.host}:{database.port}"
    in_use = {POOL: f"{server}/postgres"}
    counts = of_parent(received, "db.client.connection.count")
    states = [
        {
            (point.attributes[POOL], point.attributes["db.client.connection.state"]): point.value
            for point in counts
            if point.request == request
        }
        for request in dict.fromkeys(point.request for point in counts)
    ]
    gone = {(f"{server}/template1", "idle"): 0, (f"{server}/template1", "used"): 0}
    assert {(f"{server}/postgres", "idle"): 1, (f"{server}/postgres", "used"): 1} | gone in states
    assert states[-1] == {(f"{server}/postgres", "idle"): 0, (f"{server}/postgres", "used"): 0} | gone, "all closed"
    assert 2 in [p.value for p in of_parent(received, "db.client.connection.max") if p.attributes == in_use]
    assert [p.value for p in of_parent(received, "db.client.connection.timeouts") if p.attributes == in_use][-1] == 1
    pending = [point.value for point in of_parent(received, "db.client.connection.pending_requests")]
    # An export may come while a connection is opened, for which its caller waits.
    assert set(pending) <= {0, 1}
    assert pending[-1] == 0


def test_a_forked_child_reports_the_pool_that_it_uses_and_no_other(received: OtlpReceiver, database: Postgres) -> None:
    (child,) = {p.instance for p in received.points if p.attributes.get("db.operation.name") == "SHOW"}
    points = [p for p in received.points if p.instance == child and p.name.startswith("db.client.connection.")]
    assert {p.attributes[POOL] for p in points} == {f"{database.host}:{database.port}/template1"}
    assert {p.value for p in points if p.name == "db.client.connection.max"} == {3}
    used = [p.value for p in points if p.attributes.get("db.client.connection.state") == "used"]
    assert set(used) == {1}


def test_messages_are_counted_once_by_destination_and_outcome(received: OtlpReceiver) -> None:
    assert by_operation(received.latest("messaging.client.sent.messages")) == {
        ("publish", "orders", None): 6,
        ("publish", "orders", UNROUTABLE): 1,
        ("publish", "orders", CLOSED): 1,
        ("publish", "amq.default", None): 1,
        ("publish", "amq.default", NACKED): 1,
        ("publish", "jobs", None): 2,
    }
    assert by_operation(received.latest("messaging.client.consumed.messages")) == {
        ("consume", "mes.orders", None): 5,
        ("get", "mes.orders", None): 1,
        ("consume", "crm.job-status", None): 1,
        ("get", "crm.job-status", None): 1,
    }
    assert by_operation(received.latest("messaging.process.duration")) == {
        ("process", "mes.orders", None): 3,
        ("process", "mes.orders", "rejected"): 1,
        ("process", "mes.orders", "LookupError"): 1,
        ("process", "crm.job-status", None): 2,
    }


def test_operations_of_the_client_are_timed_by_kind(received: OtlpReceiver, broker: RabbitMQ) -> None:
    points = received.latest("messaging.client.operation.duration")
    sent = by_operation(received.latest("messaging.client.sent.messages"))
    assert by_operation(points) == sent | {
        ("get", "mes.orders", None): 1,
        ("get", "crm.job-status", None): 2,
        ("ack", "mes.orders", None): 4,
        ("ack", "crm.job-status", None): 1,
        ("nack", "mes.orders", None): 1,
        ("reject", "mes.orders", None): 1,
    }
    kinds = {(p.attributes["messaging.operation.name"], p.attributes["messaging.operation.type"]) for p in points}
    assert kinds == {("publish", "send"), ("get", "receive"), *((name, "settle") for name in ("ack", "nack", "reject"))}
    assert {(p.attributes["server.address"], p.attributes["server.port"]) for p in points} == {
        (broker.host, broker.port)
    }
    assert {point.bounds for point in points} == {DURATION_BOUNDS}
    assert {point.unit for point in points} == {"s"}


def test_a_process_without_http_sends_no_heartbeat_and_has_no_event_loop(received: OtlpReceiver) -> None:
    assert received.named("reduse.user.request.duration") == []
    assert received.named("reduse.event_loop.delay") == []
    assert received.named("process.cpu.time")
    assert received.named("cpython.gc.collections")
