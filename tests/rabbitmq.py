"""A real RabbitMQ for tests, with the exchanges, queues and permissions of the reference company, or empty."""

import base64
import hashlib
import json
import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pika
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import AMQPError

from tests.ports import free_port, listens
from tests.process import Process
from tests.waiting import PATIENCE_SECONDS, wait_until

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
EPMD = "epmd"
SERVICES_BROKER = Path(__file__).parents[1] / "company" / "broker"
ADMINISTRATOR = "administrator"
MONITORING_USERS = ("monitoring", "beobachter")
PASSWORD = "administrator-of-a-test"


class RabbitMQ:
    """A node on 127.0.0.1, which can be stopped and started again; what is durable stays."""

    host = "127.0.0.1"

    def __init__(
        self,
        directory: Path,
        port: int,
        management_port: int,
        users: dict[str, str],
        *configuration: str,
        definitions: Mapping[str, Any] | None = None,
    ) -> None:
        self.port = port
        self.management_port = management_port
        self._directory = directory
        self._epmd_port = free_port()
        self._node_port = free_port()
        self._processes: list[Process] = []
        self._write_configuration(users, configuration, reference_definitions() if definitions is None else definitions)

    def start(self) -> None:
        """Start, and return when AMQP and the management API answer."""
        # The node would start a daemon of its own, which outlives it.
        self._spawn([EPMD, "-port", str(self._epmd_port), "-address", self.host])
        wait_until(lambda: listens(self._epmd_port), "the port mapper")
        self._spawn([SERVER])
        wait_until(self._answers, f"RabbitMQ on port {self.port}")

    def stop(self) -> None:
        """Stop the node, then the port mapper."""
        while self._processes:
            with suppress(subprocess.TimeoutExpired):
                self._processes.pop().stop()

    def end(self) -> None:
        """End the node at once: asked to stop, it takes six seconds."""
        while self._processes:
            self._processes.pop().kill()

    @contextmanager
    def channel(
        self, user: str = ADMINISTRATOR, password: str = PASSWORD, vhost: str = "/"
    ) -> Iterator[BlockingChannel]:
        """A channel with publisher confirms."""
        connection = self._connect(user, password, vhost)
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            yield channel
        finally:
            with suppress(AMQPError):
                connection.close()

    def get(self, path: str, user: str = ADMINISTRATOR, password: str = PASSWORD) -> httpx.Response:
        """What the management API answers, such as `/api/queues`."""
        return httpx.get(
            f"http://{self.host}:{self.management_port}{path}", auth=(user, password), timeout=PATIENCE_SECONDS
        )

    def put(self, path: str, body: object = None) -> None:
        """What the administrator sets over the management API, such as `/api/vhosts/second`."""
        url = f"http://{self.host}:{self.management_port}{path}"
        answer = httpx.put(
            url, json={} if body is None else body, auth=(ADMINISTRATOR, PASSWORD), timeout=PATIENCE_SECONDS
        )
        answer.raise_for_status()

    def post(self, path: str, body: object) -> None:
        url = f"http://{self.host}:{self.management_port}{path}"
        httpx.post(url, json=body, auth=(ADMINISTRATOR, PASSWORD), timeout=PATIENCE_SECONDS).raise_for_status()

    def delete(self, path: str) -> None:
        url = f"http://{self.host}:{self.management_port}{path}"
        httpx.delete(url, auth=(ADMINISTRATOR, PASSWORD), timeout=PATIENCE_SECONDS).raise_for_status()

    def _connect(self, user: str, password: str, vhost: str = "/") -> BlockingConnection:
        credentials = pika.PlainCredentials(user, password)
        # Nobody serves it while a test waits for something else, so it has no heartbeats to miss.
        options = {"heartbeat": 0, "socket_timeout": PATIENCE_SECONDS, "stack_timeout": PATIENCE_SECONDS}
        return BlockingConnection(
            pika.ConnectionParameters(self.host, self.port, vhost, credentials=credentials, **options)
        )

    def _spawn(self, command: list[str]) -> None:
        node_files = self._directory / "node"
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self._directory),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": self.host,
            "RABBITMQ_NODENAME": f"test{self.port}@localhost",
            "RABBITMQ_MNESIA_BASE": str(node_files),
            "RABBITMQ_LOG_BASE": str(node_files),
            "RABBITMQ_DIST_PORT": str(self._node_port),
            "RABBITMQ_NODE_IP_ADDRESS": self.host,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_CONFIG_FILE": str(self._directory / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._directory / "enabled_plugins"),
            # Idle schedulers sleep instead of spinning: other tests want the cores.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
            ),
        }
        log = self._directory / "output"
        process = Process(command, log, environment=environment, directory=self._directory, start_new_session=True)
        process.start()
        self._processes.append(process)

    def _answers(self) -> bool:
        if not all(process.alive for process in self._processes):
            raise RuntimeError((self._directory / "output").read_text(errors="replace")[-2_000:])
        try:
            self._connect(ADMINISTRATOR, PASSWORD).close()
            return self.get("/api/overview").is_success
        except (AMQPError, OSError, httpx.HTTPError):
            return False

    def _write_configuration(self, users: dict[str, str], lines: tuple[str, ...], known: Mapping[str, Any]) -> None:
        definitions = dict(known)
        definitions["permissions"] = [
            *definitions.get("permissions", []),
            *(
                {"user": ADMINISTRATOR, "vhost": vhost["name"], "configure": ".*", "write": ".*", "read": ".*"}
                for vhost in definitions["vhosts"]
            ),
        ]
        tags = {ADMINISTRATOR: ["administrator"], **{user: ["monitoring"] for user in MONITORING_USERS}}
        definitions["users"] = [
            {
                "name": user,
                "password_hash": password_hash(password),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": tags.get(user, []),
            }
            for user, password in {**users, ADMINISTRATOR: PASSWORD}.items()
        ]
        (self._directory / "node").mkdir()
        (self._directory / "definitions.json").write_text(json.dumps(definitions))
        (self._directory / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (self._directory / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = {self.host}:{self.port}\n"
            f"management.tcp.ip = {self.host}\n"
            f"management.tcp.port = {self.management_port}\n"
            f"load_definitions = {self._directory / 'definitions.json'}\n"
            "disk_free_limit.absolute = 50MB\n" + "".join(f"{line}\n" for line in lines)
        )


def reference_definitions() -> Mapping[str, Any]:
    """The vhost, exchanges, queues, policies and permissions of the reference company."""
    definitions: dict[str, Any] = json.loads((SERVICES_BROKER / "definitions.json").read_text())
    definitions.update(json.loads((SERVICES_BROKER / "permissions.json").read_text()))
    return definitions


def password_hash(password: str) -> str:
    """A password as RabbitMQ's definitions have it: base64 of the salt and the salted SHA-256."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


@contextmanager
def start_rabbitmq(
    directory: Path,
    port: int,
    management_port: int,
    users: dict[str, str],
    *configuration: str,
    definitions: Mapping[str, Any] | None = None,
) -> Iterator[RabbitMQ]:
    """A new node in an empty directory, for these users by name and password; it ends with the block.

    `configuration`: lines that rabbitmq.conf has besides. `definitions`: the reference company's when not given.
    """
    broker = RabbitMQ(directory, port, management_port, users, *configuration, definitions=definitions)
    try:
        broker.start()
        yield broker
    finally:
        # What is left of it is of no use to anybody.
        broker.end()
