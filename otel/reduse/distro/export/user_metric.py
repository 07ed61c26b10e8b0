"""`reduse.user.request.duration`: its points as the SDK's data classes, for any metric exporter."""

from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.metrics.export import AggregationTemporality, Histogram, HistogramDataPoint, Metric

from reduse.distro.base.aggregation import AttributeValue
from reduse.distro.sources.users.delta import UserPoint
from reduse.wire import DELTA, DESCRIPTION, METRIC, OVERFLOW_MARK, POLICY, STATUS_CODE, THROTTLED, UNIT

# The SDK declares these as numbers, OTLP as optional; None leaves them out.
_ABSENT: Any = None


def user_metric(start: int, end: int, points: Sequence[UserPoint], attribute: str) -> Metric:
    """Points of one delta, (start, end] in nanoseconds of Unix time, each a histogram without bounds.

    `attribute` is the name of the one that carries the user.
    """
    return Metric(
        name=METRIC,
        description=DESCRIPTION,
        unit=UNIT,
        data=Histogram(
            data_points=[
                HistogramDataPoint(
                    attributes=_attributes(point, attribute),
                    start_time_unix_nano=start,
                    time_unix_nano=end,
                    count=point.requests,
                    sum=point.seconds,
                    bucket_counts=(),
                    explicit_bounds=(),
                    min=_ABSENT,
                    max=_ABSENT,
                )
                for point in points
            ],
            aggregation_temporality=AggregationTemporality(DELTA),
        ),
    )


def _attributes(point: UserPoint, attribute: str) -> dict[str, AttributeValue]:
    if point.user is None:
        return {OVERFLOW_MARK: True} if point.overflow else {}
    attributes: dict[str, AttributeValue] = {}
    if point.request_class.policy:
        attributes[POLICY] = point.request_class.policy
    if point.request_class.throttled:
        attributes[STATUS_CODE] = THROTTLED
    return attributes | {attribute: point.user}
