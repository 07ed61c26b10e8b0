"""How many examples property tests try, and in which order and company tests run (`./reduse test`)."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

# Few while one works, more in the whole run.
settings.register_profile("quick", deadline=None, max_examples=20, suppress_health_check=SLOW)
settings.register_profile("thorough", deadline=None, max_examples=150, suppress_health_check=SLOW)
settings.load_profile("quick")

TESTS = Path(__file__).parent
# Whole stacks and deployments find faults that are none when both cores are taken; whoever asks for a rate of load has
# to get it. Two of them at a time leave enough: most of the time they wait.
WHOLE = ("deploy/test_stand_in.py", "e2e", "services/test_load.py", "stack/test_lifecycle.py")
ON_THE_SAME_STACK = "stack"
"""The fixture of the stack that is started once, for all who ask for it."""
# A minute and more each, most of it waiting: begun last, one of them would be all that still runs.
LONG = (
    "prometheus/test_export_intervals.py",
    "collector/test_store_full.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(TESTS / place) for place in WHOLE):
            item.add_marker(pytest.mark.whole)
            shared = ON_THE_SAME_STACK in getattr(item, "fixturenames", ())
            item.add_marker(pytest.mark.xdist_group(ON_THE_SAME_STACK if shared else item.path.stem))
    items.sort(key=lambda item: item.path not in [TESTS / name for name in LONG])
