"""A service whose users are split over all partitions, as it sends while a block runs; and what was said of it.

Each shard's record has the key that the agent gives it, so totals are the same whoever joins the shards.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from confluent_kafka import Producer

from reduse.wire import shard_key, shard_of
from tests.processor.exports import SECOND, export
from tests.processor.kafka.cluster import Cluster, requests_in
from tests.processor.process import Running
from tests.waiting import wait_until

SERVICE = "shop-api"
INSTANCES = ("one", "two")
# All over the range of pseudonyms: each shard has some.
USERS = [f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}" for number in range(1, 100)]
PACE_SECONDS = 0.1
# So long ago it began: what it sends is sooner over than the time until now.
AGO_SECONDS = 1800
PARTITIONS = "reduse_processor_kafka_partitions"
_FLUSH_SECONDS = 60


class Load:
    """Second by second of event time, one each `PACE_SECONDS`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._start = (time.time_ns() // SECOND - AGO_SECONDS) * SECOND
        self._chance = random.Random(1)  # noqa: S311 - to be the same each time
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        # What the broker does not take now it takes later, once and in order.
        self._producer = Producer(
            {"bootstrap.servers": cluster.broker.address, "enable.idempotence": True}, logger=_quiet
        )
        # Requests in what was handed over to the producer.
        self.sent = 0
        self.seconds = 0
        # Of them those of users, by second (Unix) and user.
        self.of_users: Counter[tuple[int, int]] = Counter()

    @property
    def start(self) -> int:
        """Of the first second, in Unix seconds."""
        return self._start // SECOND

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Return when the broker has all of it."""
        self._stop.set()
        self._thread.join()
        assert self._producer.flush(_FLUSH_SECONDS) == 0

    def wait(self, seconds: int) -> None:
        """Until so many more seconds of event time have been sent."""
        wanted = self.seconds + seconds
        wait_until(lambda: self.seconds >= wanted, f"{seconds} seconds of load")

    def second(self) -> None:
        """Send one."""
        begin = self._start + self.seconds * SECOND
        total = 0
        for instance in INSTANCES:
            users = {user: self._chance.randrange(1, 20) for user in self._chance.sample(USERS, 40)}
            anonymous = self._chance.randrange(5)
            total += sum(users.values()) + anonymous
            self.of_users.update({(begin // SECOND, int(user, 16)): count for user, count in users.items()})
            shards = self._cluster.partitions
            for shard in range(shards):
                own = {user: count for user, count in users.items() if shard_of(user, shards) == shard}
                request = export(begin, begin + SECOND, own, 0 if shard else anonymous, instance, SERVICE)
                self._producer.produce(
                    self._cluster.exports,
                    request.SerializeToString(),
                    shard_key("", SERVICE, shard, shards),
                    partition=shard,
                )
        self._producer.poll(0)
        self.sent += total
        self.seconds += 1

    def _run(self) -> None:
        while not self._stop.wait(PACE_SECONDS):
            self.second()


@contextmanager
def sending(cluster: Cluster) -> Iterator[Load]:
    """Until the block ends, and then all of it is in the topic."""
    load = Load(cluster)
    load.begin()
    try:
        yield load
    finally:
        load.end()


def works_again(cluster: Cluster, load: Load, workers: Sequence[Running]) -> None:
    """The group says all that had been sent when this was called, in half a minute."""
    cluster.wait_for(load.sent, workers)


def check(cluster: Cluster, sent: int) -> None:
    """Each request was counted once, and no sample has two values."""
    # It fails for two values.
    samples, _ = cluster.samples()
    assert requests_in(samples).total() == sent


def partitions(worker: Running) -> float:
    """How many it has; none while it is not ready."""
    return worker.metric(PARTITIONS) if worker.answers("/readyz") else 0


def share_all(workers: Sequence[Running]) -> bool:
    """Whether each partition there is has one of these workers, and each worker as many."""
    own = [partitions(each) for each in workers]
    return len(set(own)) == 1 and have_all(workers)


def have_all(workers: Sequence[Running]) -> bool:
    own = sum(map(partitions, workers))
    return own > 0 and own == max(each.metric("reduse_processor_kafka_topic_partitions") for each in workers)


class _Quiet:
    """What the broker's absence makes the library say."""

    def log(self, *_: object) -> None:
        """Nothing."""


_quiet = _Quiet()
