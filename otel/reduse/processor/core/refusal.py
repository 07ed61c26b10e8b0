"""Why points are refused: each reason is counted, answered to the sender, and never stops the other points."""

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
