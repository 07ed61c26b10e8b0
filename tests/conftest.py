"""How many examples property tests try, and which tests two workers share out (`./reduse test`)."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("quick", deadline=None, max_examples=20, suppress_health_check=SLOW)
settings.register_profile("thorough", deadline=None, max_examples=150, suppress_health_check=SLOW)
settings.load_profile("quick")

# What starts the whole stack, or measures: one worker does all of it, one after the other. Of the rest each file stays
# with one worker, as its tests share servers.
ONE_AFTER_THE_OTHER = {"benchmarks", "deploy", "e2e", "examples"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    root = Path(__file__).parent
    for item in items:
        path = item.path.relative_to(root)
        whole = path.parts[0] in ONE_AFTER_THE_OTHER
        item.add_marker(pytest.mark.xdist_group("stack" if whole else path.as_posix()))
