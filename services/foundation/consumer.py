"""Consuming a queue: each message takes effect before it is acknowledged."""

import logging
from collections.abc import Callable

import psycopg2
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import ConsumerCancelled
from pika.spec import Basic, BasicProperties

from foundation.broker import BrokerWorker
from foundation.database import DatabaseUnavailable
from foundation.settings import BrokerSettings

PREFETCH = 20
STOP_CHECK_SECONDS = 0.5

log = logging.getLogger(__name__)


class Consumer(BrokerWorker):
    """Gives each message's body to `handle`, which returns once the effect is committed.

    A message may come more than once: `handle` must do nothing the second time. When it raises DatabaseUnavailable,
    or any database error that does not speak of the data, the message stays in its queue and is tried again after a
    pause. Anything else says that the message can never be handled: it is rejected to the dead-letter exchange.
    """

    def __init__(self, queue: str, handle: Callable[[bytes], None], settings: BrokerSettings) -> None:
        super().__init__(f"consumer of {queue}", settings)
        self._queue = queue
        self._handle = handle

    def work(self, connection: BlockingConnection) -> None:
        """Consume until `stopping` is set, the connection ends, or a message has to be held."""
        channel = connection.channel()
        channel.basic_qos(prefetch_count=PREFETCH)
        channel.basic_consume(self._queue, self._on_message)
        while not self.stopping.is_set():
            if not channel.consumer_tags:
                raise ConsumerCancelled(f"the broker cancelled the consumer of {self._queue}")
            connection.process_data_events(time_limit=STOP_CHECK_SECONDS)

    def _on_message(
        self, channel: BlockingChannel, method: Basic.Deliver, properties: BasicProperties, body: bytes
    ) -> None:
        if self.stopping.is_set():
            return
        try:
            self._handle(body)
        except (psycopg2.IntegrityError, psycopg2.DataError, ValueError) as error:
            # The type only: messages of these errors repeat the data, which is not for logs.
            log.warning("%s: rejected message %s: %s", self.name, properties.message_id, type(error).__name__)
            channel.basic_reject(method.delivery_tag, requeue=False)
        except psycopg2.Error as error:
            raise DatabaseUnavailable(f"message {properties.message_id} is held: {type(error).__name__}") from error
        except DatabaseUnavailable:
            raise
        except Exception:
            log.exception("%s: rejected message %s", self.name, properties.message_id)
            channel.basic_reject(method.delivery_tag, requeue=False)
        else:
            channel.basic_ack(method.delivery_tag)
        self.progressed()
