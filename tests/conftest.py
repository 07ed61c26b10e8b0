"""How many examples property tests try, and which tests run where and when (`./reduse test`)."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

# Few while one works, more in the whole run.
settings.register_profile("quick", deadline=None, max_examples=20, suppress_health_check=SLOW)
settings.register_profile("thorough", deadline=None, max_examples=150, suppress_health_check=SLOW)
settings.load_profile("quick")

TESTS = Path(__file__).parent
# Whole stacks and deployments find faults that are none when both cores are taken; whoever asks for a rate of load has
# to get it. Two of them beside each other leave enough: most of the time they wait.
WHOLE = ("deploy/test_stand_in.py", "e2e", "services/test_load.py", "stack/test_lifecycle.py")
# Begun last, what waits for minutes would be all that still runs.
FIRST = ("prometheus/test_export_intervals.py",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(TESTS / place) for place in WHOLE):
            item.add_marker(pytest.mark.whole)
    items.sort(key=lambda item: item.path not in [TESTS / file for file in FIRST])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """With `--dist loadfile` files that share servers are one worker's too: elsewhere they would be started again."""
    if config.getoption("dist") != "loadfile":
        return None
    # Not there where nothing runs side by side.
    from tests.scheduling import Scheduling

    return Scheduling(config, log)
