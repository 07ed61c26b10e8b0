"""The harness shows what the real engine would send."""

from collections.abc import Iterable

import pytest

from reduse.processor.core.metric import Metric
from reduse.processor.core.plugin import Options, Processor
from reduse.processor.core.processors.active_users import ActiveUsers
from reduse.processor.core.processors.requests import Requests
from reduse.processor.core.processors.top_users import UserConcurrency, user_labels
from reduse.processor.core.window import ClosedWindow
from reduse.processor.harness import Harness, user_number


def test_seconds_follow_each_other_over_a_restart() -> None:
    harness = Harness(ActiveUsers)
    assert harness.second({"alice": 1})['reduse.users.active{window="1m"}'] == 1
    harness.restart()
    assert harness.second({"bob": 1})['reduse.users.active{window="1m"}'] == 2


def test_requests_of_nobody_known_and_of_too_many_are_there_too() -> None:
    readings = Harness(Requests).second({"alice": 2}, anonymous=3, overflow=4)
    assert {series.split('"')[1]: value for series, value in readings.items()} == {
        "user": 2,
        "anonymous": 3,
        "overflow": 4,
    }


def test_users_durations_and_options_are_those_given() -> None:
    readings = Harness(UserConcurrency, Options(top_k=1)).second({"alice": 10, "bob": 4}, duration=0.5)
    alice = user_labels(user_number("alice"))["user"]
    assert readings[f'reduse.user.concurrency{{user="{alice}"}}'] == 5
    assert readings['reduse.user.concurrency{user="other"}'] == 2


def test_series_end_when_the_service_goes_quiet_and_may_begin_again() -> None:
    harness = Harness(ActiveUsers)
    harness.second({"alice": 1})
    assert set(harness.quiet().values()) == {None}
    assert harness.second({"bob": 1})['reduse.users.active{window="5m"}'] == 2


def test_what_the_processor_raises_is_raised() -> None:
    class Broken(Processor):
        name = "broken"

        def process(self, window: ClosedWindow) -> Iterable[Metric]:
            raise LookupError(str(len(window.users)))

    with pytest.raises(LookupError, match="2"):
        Harness(Broken).second({"alice": 1, "bob": 1})
