"""Waiting ends when the part is ready, when the time is over, and on Ctrl-C."""

import pytest

from reduse.errors import StackError
from reduse.stack import commands
from reduse.stack.waiting import wait


def test_it_asks_until_the_part_is_ready() -> None:
    reasons = iter(["no answer", "503", None])
    wait(lambda: next(reasons), 10, str)
    assert next(reasons, "asked thrice") == "asked thrice"


def test_when_the_time_is_over_the_last_reason_is_told() -> None:
    with pytest.raises(StackError, match="not ready: 503"):
        wait(lambda: "503", 0, lambda reason: f"not ready: {reason}")


def test_ctrl_c_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands.cancelled, "wait", lambda _seconds: True)
    with pytest.raises(KeyboardInterrupt):
        wait(lambda: "no answer", 10, str)


def test_it_ends_when_what_is_waited_for_cannot_come_any_more() -> None:
    def ended() -> None:
        raise StackError("the part has ended")

    with pytest.raises(StackError, match="the part has ended"):
        wait(lambda: "no answer", 60, str, ended)
