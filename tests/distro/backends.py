"""A real database and a real broker for an instrumented process of a test."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.ports import free_port
from tests.postgres import PASSWORD, SUPERUSER, start_postgres
from tests.rabbitmq import ADMINISTRATOR, start_rabbitmq
from tests.rabbitmq import PASSWORD as BROKER_PASSWORD

BROKER_USERS = dict.fromkeys(("shop_api", "crm_api", "mes_api", "monitoring"), "password-of-a-test")


@contextmanager
def running_backends() -> Iterator[dict[str, str]]:
    """Both, until the block ends; where they are, as the variables TEST_DATABASE and TEST_BROKER."""
    with ExitStack() as stack:
        database = stack.enter_context(start_postgres())
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = stack.enter_context(start_rabbitmq(directory, free_port(), free_port(), BROKER_USERS))
        yield {
            "TEST_DATABASE": f"host={database.host} port={database.port} user={SUPERUSER} password={PASSWORD}",
            "TEST_BROKER": f"amqp://{ADMINISTRATOR}:{BROKER_PASSWORD}@{broker.host}:{broker.port}/%2F",
        }
