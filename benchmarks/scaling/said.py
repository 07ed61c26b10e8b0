"""What workers have said: the newest counts of requests, and when the metrics of each second were in the topic."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

COUNTER = "reduse.user.requests"
_MESSAGES = 500
_POLL_SECONDS = 0.02


class Said:
    """Reads a topic of metrics from its begin on, as the gateway does."""

    def __init__(self, client: Mapping[str, str | int | float | bool], topic: str, partitions: int) -> None:
        own = {"group.id": "benchmark", "enable.auto.commit": False, "log_level": 0}
        self._consumer = Consumer({**client, **own})
        self._consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
        # By series: when it was counted (Unix ns), and how many there had been.
        self._newest: dict[tuple[str, ...], tuple[int, int]] = {}
        # By time of the metrics (Unix ns): when the broker had the last of them (Unix ms).
        self.arrived: dict[int, int] = {}
        # Bytes of all metrics.
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    @property
    def requests(self) -> int:
        """How many have been counted in closed windows."""
        return sum(count for _, count in self._newest.values())

    def poll(self) -> None:
        """Take what is there. Raises KafkaException."""
        for message in self._consumer.consume(_MESSAGES, _POLL_SECONDS):
            error = message.error()
            if error is None:
                self._take(message)
            elif error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)

    def _take(self, message: Message) -> None:
        request = ExportMetricsServiceRequest.FromString(message.value() or b"")
        _, milliseconds = message.timestamp()
        self.size += len(message.value() or b"")
        for resource_metrics in request.resource_metrics:
            instance = [attribute.value.string_value for attribute in resource_metrics.resource.attributes]
            for scope_metrics in resource_metrics.scope_metrics:
                for metric in scope_metrics.metrics:
                    if metric.name != COUNTER:
                        continue
                    for point in metric.sum.data_points:
                        series = (*instance, *(f"{a.key}={a.value.string_value}" for a in point.attributes))
                        counted = point.time_unix_nano, point.as_int
                        self._newest[series] = max(self._newest.get(series, counted), counted)
                        last = self.arrived.get(point.time_unix_nano, 0)
                        self.arrived[point.time_unix_nano] = max(last, milliseconds)
