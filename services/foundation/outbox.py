"""Transactional outbox: a message is written with the change it tells of, and published afterwards, at least once."""

import json
import threading
import time
from collections.abc import Mapping

from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import AMQPError
from pika.spec import BasicProperties

from foundation.broker import BrokerWorker
from foundation.database import Cursor, Database, Row
from foundation.settings import BrokerSettings

PUBLISH_BATCH = 100
POLL_SECONDS = 1.0
PERSISTENT = 2
# Published rows are kept for a while, to answer what was sent; each pass of pruning is bounded.
KEEP_PUBLISHED_SECONDS = 600
PRUNE_EVERY_SECONDS = 5.0
PRUNE_BATCH = 5_000


def enqueue(cursor: Cursor, exchange: str, routing_key: str, body: Mapping[str, object]) -> None:
    """Write a message into the outbox, in the transaction of the cursor."""
    cursor.execute(
        "INSERT INTO outbox (exchange, routing_key, body) VALUES (%s, %s, %s)",
        (exchange, routing_key, json.dumps(body, default=str)),
    )


class OutboxRelay(BrokerWorker):
    """Publishes what waits in the outbox, oldest first, and marks it once the broker has confirmed it.

    Several relays may run on one outbox. The broker sees a message again when a relay dies between the confirmation
    and the mark: consumers know it by what it says, or by its message id, which is the row's.
    """

    def __init__(self, database: Database, settings: BrokerSettings) -> None:
        super().__init__("outbox relay", settings)
        self._database = database
        self._wake = threading.Event()
        self._next_prune = 0.0

    def wake(self) -> None:
        """Something was committed to the outbox: publish it now rather than at the next poll."""
        self._wake.set()

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""
        super().stop()
        self._wake.set()

    def work(self, connection: BlockingConnection) -> None:
        """Publish until `stopping` is set."""
        channel = connection.channel()
        channel.confirm_delivery()
        while not self.stopping.is_set():
            self._wake.clear()
            published = self._publish_batch(channel)
            self.progressed()
            self._prune(time.monotonic())
            # Answers heartbeats, and notices that the broker has gone.
            connection.process_data_events(time_limit=0)
            if published < PUBLISH_BATCH:
                self._wake.wait(POLL_SECONDS)

    def _publish_batch(self, channel: BlockingChannel) -> int:
        confirmed: list[int] = []
        failure: AMQPError | None = None
        with self._database.transaction() as cursor:
            cursor.execute(
                "SELECT id, exchange, routing_key, body FROM outbox WHERE published_at IS NULL"
                " ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED",
                (PUBLISH_BATCH,),
            )
            for row in cursor.fetchall():
                try:
                    _publish(channel, row)
                except AMQPError as error:
                    failure = error
                    break
                confirmed.append(row["id"])
            if confirmed:
                cursor.execute("UPDATE outbox SET published_at = now() WHERE id = ANY(%s)", (confirmed,))
        # Only now, so that what was confirmed before the failure is not sent again.
        if failure is not None:
            raise failure
        return len(confirmed)

    def _prune(self, now: float) -> None:
        if now < self._next_prune:
            return
        self._next_prune = now + PRUNE_EVERY_SECONDS
        with self._database.transaction() as cursor:
            cursor.execute(
                "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox"
                " WHERE published_at < now() - make_interval(secs => %s)"
                " ORDER BY published_at LIMIT %s FOR UPDATE SKIP LOCKED)",
                (KEEP_PUBLISHED_SECONDS, PRUNE_BATCH),
            )


def _publish(channel: BlockingChannel, row: Row) -> None:
    # `mandatory`: a message that no queue takes is an error and stays in the outbox, instead of being dropped.
    channel.basic_publish(
        row["exchange"],
        row["routing_key"],
        json.dumps(row["body"]).encode(),
        BasicProperties(
            content_type="application/json",
            delivery_mode=PERSISTENT,
            message_id=str(row["id"]),
            timestamp=int(time.time()),
        ),
        mandatory=True,
    )
