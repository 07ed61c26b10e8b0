"""RabbitMQ: one blocking connection for each thread that talks to it."""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pika
from pika.adapters.blocking_connection import BlockingConnection
from pika.exceptions import AMQPError

from foundation.database import DatabaseUnavailable
from foundation.settings import BrokerSettings, read_secret

HEARTBEAT_SECONDS = 30
SOCKET_TIMEOUT_SECONDS = 5
BLOCKED_TIMEOUT_SECONDS = 15
FIRST_RETRY_SECONDS = 0.25
LONGEST_RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)


@contextmanager
def connect(settings: BrokerSettings, name: str) -> Iterator[BlockingConnection]:
    """A connection that the broker's management lists under this name; AMQPError or OSError when there is none."""
    connection = BlockingConnection(
        pika.ConnectionParameters(
            host=settings.host,
            port=settings.port,
            virtual_host=settings.vhost,
            credentials=pika.PlainCredentials(settings.user, read_secret(settings.password_file)),
            heartbeat=HEARTBEAT_SECONDS,
            socket_timeout=SOCKET_TIMEOUT_SECONDS,
            blocked_connection_timeout=BLOCKED_TIMEOUT_SECONDS,
            client_properties={"connection_name": name},
        )
    )
    try:
        yield connection
    finally:
        # A connection that is already lost cannot be closed, and need not be.
        with suppress(AMQPError, OSError):
            connection.close()


class BrokerWorker(ABC):
    """A daemon thread that works on a broker connection of its own, and comes back whenever it is lost.

    `work` returns when `stopping` is set. What it raises ends the connection, so that whatever was not acknowledged
    goes back to its queue; after a pause, which doubles until `progressed` is called, it starts again.
    """

    def __init__(self, name: str, settings: BrokerSettings) -> None:
        self.name = name
        self.stopping = threading.Event()
        self._settings = settings
        self._connected = threading.Event()
        self._pause = FIRST_RETRY_SECONDS
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def work(self, connection: BlockingConnection) -> None:
        """Use the connection until `stopping` is set."""

    @property
    def is_connected(self) -> bool:
        """Whether it is at work now."""
        return self._connected.is_set()

    def progressed(self) -> None:
        """Something was done: the next pause is short again."""
        self._pause = FIRST_RETRY_SECONDS

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""
        self.stopping.set()

    def join(self, timeout: float) -> bool:
        """Wait for the end, at most so many seconds; False when it did not come."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self.stopping.is_set():
            try:
                with connect(self._settings, self.name) as connection:
                    self._connected.set()
                    self.work(connection)
            except (AMQPError, OSError, DatabaseUnavailable) as error:
                log.warning("%s: %s %s; next try in %.2f s", self.name, type(error).__name__, error, self._pause)
            except Exception:
                log.exception("%s: unexpected; next try in %.2f s", self.name, self._pause)
            finally:
                self._connected.clear()
            self.stopping.wait(self._pause)
            self._pause = min(self._pause * 2, LONGEST_RETRY_SECONDS)
