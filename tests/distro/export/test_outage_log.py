"""A minute without the agent is a few lines in a service's log, and not one for each attempt."""

import logging

from reduse.distro.export.outage_log import OncePerMinute

FAILED = "Failed to export %s to %s, error code: %s"


def record(message: str, *arguments: object, at: float) -> logging.LogRecord:
    made = logging.LogRecord("exporter", logging.ERROR, __file__, 1, message, arguments, None)
    made.created = at
    return made


def test_a_message_is_shown_at_once_and_then_once_a_minute() -> None:
    once = OncePerMinute()
    shown = [
        second for second in range(150) if once.filter(record(FAILED, "metrics", "agent", f"code {second}", at=second))
    ]
    assert shown == [0, 60, 120]


def test_other_messages_and_other_signals_are_shown_in_between() -> None:
    once = OncePerMinute()
    assert once.filter(record(FAILED, "metrics", "agent", "code", at=0))
    assert once.filter(record(FAILED, "traces", "agent", "code", at=1))
    assert once.filter(record("Exporter already shutdown", at=2))
    assert not once.filter(record(FAILED, "metrics", "agent", "code", at=3))


def test_a_clock_that_is_set_back_hides_nothing() -> None:
    once = OncePerMinute()
    assert once.filter(record(FAILED, "metrics", "agent", "code", at=1000))
    assert once.filter(record(FAILED, "metrics", "agent", "code", at=10))
