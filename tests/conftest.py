"""How many examples property tests try, and which tests want a quiet machine (`./reduse test`)."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.scheduling import NICENESS, QUIET, YIELDING, Scheduling, among, turn

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

# Few while one works, more in the whole run.
settings.register_profile("quick", deadline=None, max_examples=20, suppress_health_check=SLOW)
settings.register_profile("thorough", deadline=None, max_examples=150, suppress_health_check=SLOW)
settings.load_profile("quick")

ROOT = Path(__file__).parents[1]


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "soak" not in config.getoption("markexpr"):
        # They take twenty minutes each, and run where they are asked for by name.
        soaks = [item for item in items if item.get_closest_marker("soak")]
        config.hook.pytest_deselected(items=soaks)
        items[:] = [item for item in items if item not in soaks]
    for item in items:
        if among(_place(item.path), QUIET):
            item.add_marker(pytest.mark.quiet)
    items.sort(key=lambda item: turn(item.nodeid))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """What a test starts is as nice as it is; nobody can be less nice again, and has not to."""
    beside_others = "PYTEST_XDIST_WORKER" in os.environ
    if beside_others and among(_place(item.path), YIELDING) and os.getpriority(os.PRIO_PROCESS, 0) < NICENESS:
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where these alone are asked for the others need not be imported, which takes longer than some of them run."""
    if config.getoption("markexpr") != "quiet" or not collection_path.name.startswith("test_"):
        return None
    return None if among(_place(collection_path), QUIET) else True


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    """With `--dist loadfile` files that belong together are one worker's too."""
    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None
