"""Why points are refused: each reason is counted, answered to the sender, and never stops the other points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from reduse.wire import HASH_DIGITS, METRIC, POLICY, STATUS_CODE, THROTTLED, USER_HASH, USER_ID


class Refusal(StrEnum):
    """Why a point is not counted."""

    UNKNOWN_METRIC = "unknown_metric"
    WRONG_TYPE = "wrong_type"
    NOT_DELTA = "not_delta"
    WRONG_UNIT = "wrong_unit"
    NO_STREAM = "no_service_or_instance"
    BAD_USER = "bad_user_hash"
    UNKNOWN_ATTRIBUTE = "unknown_attribute"
    NO_VALUE = "no_recorded_value"
    BAD_COUNT = "count_too_large"
    BAD_SUM = "sum_not_a_duration"
    BAD_INTERVAL = "bad_interval"
    FUTURE = "from_the_future"
    TOO_OLD = "older_than_the_repeat_horizon"
    TOO_MANY_STREAMS = "too_many_streams"
    TOO_MANY_SERVICES = "too_many_services"

    @property
    def cure(self) -> str:
        """What holds for a point that is taken, and what to change, for who reads the sender's log."""
        return _CURES[self]


_CURES: Mapping[Refusal, str] = {
    Refusal.UNKNOWN_METRIC: f"only {METRIC} is counted here: send other metrics to the gateway",
    Refusal.WRONG_TYPE: f"{METRIC} must be a histogram",
    Refusal.NOT_DELTA: (
        "the temporality must be delta: the distro always sends delta, "
        "another SDK needs OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta"
    ),
    Refusal.WRONG_UNIT: "the unit of the metric must be s, or one of ms, us, ns, min and h, which are converted",
    Refusal.NO_STREAM: "the resource must have service.name and service.instance.id, with 1 to 256 characters each",
    Refusal.BAD_USER: f"{USER_HASH} must be {HASH_DIGITS} lower-case hexadecimal digits",
    Refusal.UNKNOWN_ATTRIBUTE: (
        f"a point must have no attributes, or {USER_HASH} and optionally {POLICY} and {STATUS_CODE}={THROTTLED}; "
        f"a service that sends {USER_ID} needs REDUSE_USER_MODE=hash"
    ),
    Refusal.NO_VALUE: "the point must have a recorded value, but has the flag for none",
    Refusal.BAD_COUNT: "a count must be at most 2^32",
    Refusal.BAD_SUM: "a sum must be from 0 to 1000000 seconds",
    Refusal.BAD_INTERVAL: "the start must be set and not be after the time",
    Refusal.FUTURE: (
        "the time is ahead of the processor's clock: correct the clocks, or raise REDUSE_PROCESSOR_FUTURE_SECONDS"
    ),
    Refusal.TOO_OLD: (
        "the point is too far behind the newest point of its instance to be distinguished from a repeat: "
        "send in order, or raise REDUSE_PROCESSOR_REPEAT_HORIZON_SECONDS or _REPEAT_BYTES"
    ),
    Refusal.TOO_MANY_STREAMS: (
        "there are more instances than REDUSE_PROCESSOR_INSTANCES: "
        "raise it, or give service.instance.id a value that does not change"
    ),
    Refusal.TOO_MANY_SERVICES: (
        "there are more services than REDUSE_PROCESSOR_SERVICES: "
        "raise it, or use the same service.name for all instances"
    ),
}


class Refusals:
    """How many points were refused, by service and reason. A service of "" is one that has not said its name."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, Refusal]] = Counter()

    def add(self, service: str, reason: Refusal, points: int) -> None:
        if points:
            self.counts[service, reason] += points

    def update(self, other: Refusals) -> None:
        if other.counts:
            self.counts.update(other.counts)

    @property
    def by_reason(self) -> Counter[Refusal]:
        found: Counter[Refusal] = Counter()
        for (_, reason), points in self.counts.items():
            found[reason] += points
        return found


def explain(refused: Mapping[Refusal, int]) -> str:
    """One line: each reason, how many points, and the cure."""
    return "; ".join(f"{reason.value}: {count} ({reason.cure})" for reason, count in sorted(refused.items()))
