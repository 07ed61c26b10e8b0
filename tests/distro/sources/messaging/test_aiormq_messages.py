"""aio-pika on a real broker: each message once, with the names and attributes that pika's have."""

import subprocess
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.distro.backends import running_backends
from tests.distro.service import ROOT, SCRIPTS, environment
from tests.otlp_receiver import OtlpReceiver

pytestmark = pytest.mark.server

SENT, CONSUMED = "messaging.client.sent.messages", "messaging.client.consumed.messages"
OPERATION, PROCESS = "messaging.client.operation.duration", "messaging.process.duration"


@pytest.fixture(scope="module")
def backends() -> Iterator[dict[str, str]]:
    with running_backends() as running:
        yield running


def counts(receiver: OtlpReceiver, metric: str, *queues: str) -> Counter[tuple[object, ...]]:
    names = ("messaging.operation.name", "messaging.destination.name", "error.type")
    found: Counter[tuple[object, ...]] = Counter()
    for point in receiver.latest(metric):
        assert point.attributes["messaging.system"] == "rabbitmq"
        assert point.attributes["server.address"] == "127.0.0.1"
        assert isinstance(point.attributes["server.port"], int)
        key = tuple(point.attributes.get(name) for name in names)
        if not queues or key[1] in queues:
            found[key] += int(point.value)
    return found


@pytest.mark.parametrize("connect", ["connect", "connect_robust"])
def test_messages_are_counted_once_with_what_became_of_them(backends: dict[str, str], connect: str) -> None:
    """The program prints and ends as without us."""
    program = [str(SCRIPTS / "python"), "-m", "tests.distro.sources.messaging.aio_pika_program", connect]
    with OtlpReceiver() as receiver:
        variables = environment(receiver.endpoint, **backends)
        plain = subprocess.run(program, env=variables, cwd=ROOT, text=True, capture_output=True, check=True)
        ours = subprocess.run(
            [str(SCRIPTS / "opentelemetry-instrument"), *program],
            env=variables,
            cwd=ROOT,
            text=True,
            capture_output=True,
            check=False,
        )
    assert (ours.returncode, ours.stdout) == (0, plain.stdout)
    # The log of the callback that raised has one frame more in its traceback.
    assert ours.stderr.count("LookupError") == plain.stderr.count("LookupError")
    # Five, twenty, one, and a call with its answer; one that cannot be routed.
    assert sum(counts(receiver, SENT).values()) == 29
    (failed,) = [key for key in counts(receiver, SENT) if key[2] is not None]
    assert failed[:2] == ("publish", "amq.default")
    assert counts(receiver, CONSUMED, "callbacks", "iterated", "gotten") == {
        ("consume", "callbacks", None): 6,
        ("consume", "iterated", None): 20,
        ("get", "gotten", None): 1,
    }
    assert counts(receiver, PROCESS, "callbacks", "iterated", "gotten") == {
        ("process", "callbacks", None): 4,
        ("process", "callbacks", "LookupError"): 1,
        ("process", "callbacks", "requeued"): 1,
        ("process", "iterated", None): 19,
        ("process", "iterated", "rejected"): 1,
    }
    assert counts(receiver, OPERATION, "gotten") == {("get", "gotten", None): 3, ("ack", "gotten", None): 1}
    iterated = [p.sum for p in receiver.latest(PROCESS) if p.attributes.get("messaging.destination.name") == "iterated"]
    # A second of work. With the wait for their turn, which is none, it would be more than ten.
    assert 1.0 <= sum(iterated) < 5.0
