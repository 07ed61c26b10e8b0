"""How many examples property tests try, and which tests no other one may run beside (`./reduse test`)."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

# Few while one works, more in the whole run.
settings.register_profile("quick", deadline=None, max_examples=20, suppress_health_check=SLOW)
settings.register_profile("thorough", deadline=None, max_examples=150, suppress_health_check=SLOW)
settings.load_profile("quick")

TESTS = Path(__file__).parent
# The whole stack, or a whole deployment, takes both cores, and finds faults that are none when somebody else does.
# Whoever asks for a rate of load has to get it.
ALONE = ("deploy/test_stand_in.py", "e2e", "services/test_load.py", "stack/test_lifecycle.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(TESTS / place) for place in ALONE):
            item.add_marker(pytest.mark.alone)
