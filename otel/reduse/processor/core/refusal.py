"""Why points are refused: each reason is counted, answered to the sender, and never stops the other points."""

from collections.abc import Mapping
from enum import StrEnum


class Refusal(StrEnum):
    """Why a point is not counted."""

    UNKNOWN_METRIC = "unknown_metric"
    WRONG_TYPE = "wrong_type"
    NOT_DELTA = "not_delta"
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

    @property
    def cure(self) -> str:
        """What holds for a point that is taken, and what to change, for who reads the sender's log."""
        return _CURES[self]


_CURES: Mapping[Refusal, str] = {
    Refusal.UNKNOWN_METRIC: "only reduse.user.request.duration is counted here, send other metrics to the gateway",
    Refusal.WRONG_TYPE: "reduse.user.request.duration is a histogram",
    Refusal.NOT_DELTA: "the temporality must be delta",
    Refusal.NO_STREAM: "the resource needs service.name and service.instance.id, each of 1 to 256 characters",
    Refusal.BAD_USER: "user.hash must be 16 lower-case hexadecimal digits",
    Refusal.UNKNOWN_ATTRIBUTE: (
        "a point has the attribute user.hash or none; a service that sends user.id needs REDUSE_USER_MODE=hash"
    ),
    Refusal.NO_VALUE: "the point is flagged as having no recorded value",
    Refusal.BAD_COUNT: "a count must be at most 2^32",
    Refusal.BAD_SUM: "a sum must be from 0 to 1000000 seconds",
    Refusal.BAD_INTERVAL: "the start must be set and not be after the time",
    Refusal.FUTURE: (
        "the time is ahead of the processor's: set the clocks right, or raise REDUSE_PROCESSOR_FUTURE_SECONDS"
    ),
    Refusal.TOO_OLD: (
        "too far behind the newest of its instance to tell a repeat: "
        "send in order, or raise REDUSE_PROCESSOR_REPEAT_HORIZON_SECONDS"
    ),
    Refusal.TOO_MANY_STREAMS: (
        "more services or instances than are kept apart: give service.instance.id a value that lasts"
    ),
}


def explain(refused: Mapping[Refusal, int]) -> str:
    """One line: each reason, how many points, and the cure."""
    return "; ".join(f"{reason.value}: {count} ({reason.cure})" for reason, count in sorted(refused.items()))
