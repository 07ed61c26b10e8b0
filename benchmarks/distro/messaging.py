"""What instrumentation adds to the CPU time of a message sent and consumed with pika: ours beside contrib's.

Contrib's makes spans only, which nobody takes, and writes their context into each message.
"""

import tempfile
from pathlib import Path

from benchmarks.distro.cpu import on_one_core
from benchmarks.distro.messaging_client import OPERATIONS
from benchmarks.distro.operations import (
    KEPT_MESSAGES,
    OperationCost,
    Program,
    check_counted,
    measure_operations,
)
from benchmarks.distro.services import sink
from tests.ports import free_port
from tests.rabbitmq import ADMINISTRATOR, PASSWORD, start_rabbitmq

_PIKA = "pika"
_EMPTY = {"vhosts": [{"name": "/"}]}
_COUNTED = ("messaging.client.sent.messages", "messaging.client.consumed.messages", "messaging.process.duration")


def measure_messaging(folder: Path, rounds: int) -> OperationCost:
    """`OPERATIONS` on a RabbitMQ of its own.

    Raises:
        RuntimeError: ours has not counted what it sent and consumed.
    """
    with (
        tempfile.TemporaryDirectory() as directory,
        sink(folder, KEPT_MESSAGES) as (_, endpoints),
        on_one_core(),
        start_rabbitmq(Path(directory), free_port(), free_port(), {}, definitions=_EMPTY) as broker,
    ):
        url = f"amqp://{ADMINISTRATOR}:{PASSWORD}@{broker.host}:{broker.port}/%2F?heartbeat=0"
        program = Program(_PIKA, ("-m", "benchmarks.distro.messaging_client", url), OPERATIONS)
        cost, executed = measure_operations(folder, endpoints, [program], rounds)
        for metric in _COUNTED:
            check_counted(endpoints, _PIKA, metric, executed[_PIKA])
    return cost
