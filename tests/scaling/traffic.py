"""What two instances of a service export, second by second: some users send much, most send little and not always."""

import random

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.processor.exports import SECOND, export

INSTANCES = ("one", "two")
USERS = [f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}" for number in range(1, 301)]


class Traffic:
    """`begin` is the first second (Unix s); the same `seed` sends the same."""

    def __init__(self, begin: int, seed: int) -> None:
        self._begin = begin
        self._random = random.Random(seed)  # noqa: S311
        self.sent = {"user": 0, "anonymous": 0, "overflow": 0}

    def prelude(self) -> list[ExportMetricsServiceRequest]:
        """A second without requests, after which it is known how many instances there are to wait for."""
        start = (self._begin - 1) * SECOND
        return [export(start, start + SECOND, {}, 0, instance) for instance in INSTANCES]

    def second(self, number: int) -> list[ExportMetricsServiceRequest]:
        """What is sent of this second after the first."""
        start = (self._begin + number) * SECOND
        requests = []
        for instance in INSTANCES:
            active = self._random.sample(USERS, 200)
            users = {user: 1 + int(self._random.paretovariate(0.9)) % 500 for user in active}
            anonymous = self._random.randint(0, 20)
            self.sent["user"] += sum(users.values())
            self.sent["anonymous"] += anonymous
            requests.append(export(start, start + SECOND, users, anonymous, instance))
        return requests
