import pytest

from reduse.processor.core.refusal import Refusal, explain
from reduse.processor.otlp.decoding import NAME_LIMIT, SECONDS_LIMIT
from reduse.processor.otlp.one_export import COUNT_LIMIT


@pytest.mark.parametrize("reason", Refusal)
def test_each_reason_has_a_cure(reason: Refusal) -> None:
    assert reason.cure
    assert ";" not in explain({reason: 1}).replace(reason.cure, "")


def test_the_cures_name_the_bounds_that_hold() -> None:
    assert f"1 to {NAME_LIMIT} " in Refusal.NO_STREAM.cure
    assert COUNT_LIMIT == 2**32
    assert "2^32" in Refusal.BAD_COUNT.cure
    assert f"{SECONDS_LIMIT:.0f} seconds" in Refusal.BAD_SUM.cure


def test_a_service_in_plain_mode_is_told_the_setting() -> None:
    assert "user.id" in Refusal.UNKNOWN_ATTRIBUTE.cure
    assert "REDUSE_USER_MODE=hash" in Refusal.UNKNOWN_ATTRIBUTE.cure


def test_reasons_are_explained_in_one_line_with_their_counts() -> None:
    line = explain({Refusal.NOT_DELTA: 2, Refusal.BAD_SUM: 1})

    assert line == f"not_delta: 2 ({Refusal.NOT_DELTA.cure}); sum_not_a_duration: 1 ({Refusal.BAD_SUM.cure})"
