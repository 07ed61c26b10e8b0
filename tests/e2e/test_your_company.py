"""The guide leads from nothing to live rows of a company of one's own, word for word as it stands there."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import postgres, rabbitmq
from tests.e2e.stack import START_SECONDS, environment_on_free_ports
from tests.examples.checkout import untouched_checkout
from tests.examples.guide import YOUR_COMPANY, commands
from tests.examples.newcomer import Newcomer
from tests.ports import free_port

pytestmark = [pytest.mark.server, pytest.mark.e2e]

INSTALL_SECONDS = 300
QUEUES = {
    "vhosts": [{"name": "/"}],
    "exchanges": [
        {"vhost": "/", "name": "failed", "type": "fanout", "durable": True, "auto_delete": False, "arguments": {}}
    ],
    "queues": [
        {"vhost": "/", "name": name, "durable": True, "auto_delete": False, "arguments": arguments}
        for name, arguments in {"labels": {"x-dead-letter-exchange": "failed"}, "labels.failed": {}}.items()
    ],
    "bindings": [
        {
            "vhost": "/",
            "source": "failed",
            "destination": "labels.failed",
            "destination_type": "queue",
            "routing_key": "",
            "arguments": {},
        }
    ],
}
OF_STORES = ["main-db.connections", "broker.messages_in_flight", "broker.dead_letters"]


def step(heading: str) -> list[str]:
    return commands(heading, YOUR_COMPANY)


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    """Somebody with a PostgreSQL and a RabbitMQ, and nothing of this project but a checkout."""
    home, logs, node = (tmp_path / name for name in ("home", "logs", "node"))
    for folder in (home, logs, node):
        folder.mkdir()
    with ExitStack() as running:
        database = running.enter_context(postgres.start_postgres())
        broker = running.enter_context(rabbitmq.start_rabbitmq(node, free_port(), free_port(), {}, definitions=QUEUES))
        own = {
            "HOME": str(home),
            "COLUMNS": "200",
            "DATABASE": f"{database.host}:{database.port}",
            "PGPASSWORD": postgres.PASSWORD,
            "BROKER": f"http://{broker.host}:{broker.management_port}",
            "BROKER_ADMINISTRATOR": f"{rabbitmq.ADMINISTRATOR}:{rabbitmq.PASSWORD}",
            "BILLING_PORT": str(free_port()),
            "PARCELS_PORT": str(free_port()),
        }
        variables = environment_on_free_ports(tmp_path) | own
        # Its state is where it is for everybody: in the checkout.
        del variables["REDUSE_STATE_DIR"]
        root, environment = running.enter_context(untouched_checkout(variables))
        yield Newcomer(root, environment, logs)


def all_live(output: str) -> bool:
    """Whether each row of what the stores say is."""
    return "✗" not in output and output.count("✓") == len(OF_STORES)


def products(root: Path) -> dict[str, bytes]:
    """Digests of the files that come with the product; beside them are the user's state and environment."""
    own = [root / ".reduse", root / "examples" / ".venv"]
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).digest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and not any(path.is_relative_to(each) for each in own)
    }


def test_a_company_of_ones_own_has_live_rows(newcomer: Newcomer) -> None:
    before = products(newcomer.root)
    password_files, at_the_database, at_the_broker = step("1. ")
    newcomer.run(password_files, at_the_database, at_the_broker)

    init, look, check_file = step("2. ")
    newcomer.run(init)
    file = newcomer.run(look)
    assert "labels.failed" in file
    assert "To do" not in file
    assert "Nothing is missing." in newcomer.run(check_file)

    (up,) = step("3. ")
    started = newcomer.run(up, seconds=START_SECONDS)
    down = step("7. ")[-1]
    try:
        assert "┏" in started
        newcomer.shown(step("5. ")[0], all_live)

        install, billing, parcels, send = step("4. ")
        newcomer.run(install, seconds=INSTALL_SECONDS)
        with newcomer.terminal(billing) as first, newcomer.terminal(parcels) as second:
            for service in (first, second):
                service.wait_for("Uvicorn running", INSTALL_SECONDS)
            with newcomer.terminal(send):
                watched(newcomer)
    finally:
        newcomer.run(down)
    # So an upgrade of the checkout meets nothing that is the user's.
    assert products(newcomer.root) == before


def watched(newcomer: Newcomer) -> None:
    """What the guide shows of the services, before and after they are in the file."""
    check, top = step("5. ")
    newcomer.shown(check, lambda text: "billing, parcels" in text and all_live(text))
    newcomer.shown(top, lambda text: len(re.findall("[0-9a-f]{16}", text)) == 2)

    write, diff, check_file, again, check_again = step("6. ")
    newcomer.run(write)
    difference = newcomer.run(diff, status=1)
    assert {"b/alertmanager.yml", "b/rules/company.yaml", "b/plan/table.en.md"} <= set(
        re.findall(r"^\+\+\+ (\S+)$", difference, re.MULTILINE)
    )
    assert "Nothing is missing." in newcomer.run(check_file)
    newcomer.run(again, seconds=START_SECONDS)
    rows = newcomer.shown(check_again, lambda text: text.count("✓") > len(OF_STORES) and "✗" not in text)
    assert "not in watch.yaml" not in rows
    assert {"RPS per user", "Billing", "Parcels"} <= {cell.strip() for cell in rows.split("│")}
    assert "Nothing would change." in newcomer.run(diff)

    render, _ = step("7. ")
    table = newcomer.run(render)
    assert "| Billing |" in table
