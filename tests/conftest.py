"""How many examples property tests try, which tests want a quiet machine, and that none is skipped."""

import os
from collections.abc import Generator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.scheduling import NICENESS, QUIET, YIELDING, Scheduling, among, left_out, marks_of_file, turn
from tests.skipping import NO_SKIPS, unskipped

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

# Few while one works, more in the whole run.
settings.register_profile("quick", deadline=None, max_examples=20, suppress_health_check=SLOW)
settings.register_profile("thorough", deadline=None, max_examples=100, suppress_health_check=SLOW)
# For who changes what a property is about: minutes for one test.
settings.register_profile("exhaustive", deadline=None, max_examples=1500, suppress_health_check=SLOW)
settings.load_profile("quick")

ROOT = Path(__file__).parents[1]
# Each part of it has a bound of its own, and these add up.
WHOLE_STACK_SECONDS = 900


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shuffle", metavar="SEED", help="run the tests in an order by chance, the same for a seed")
    parser.addoption(NO_SKIPS, action="store_true", help="a test that is skipped has failed: what it needs is missing")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("e2e") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(WHOLE_STACK_SECONDS))
    if seed := config.getoption("shuffle"):
        Random(seed).shuffle(items)  # noqa: S311 - the same for each worker
        return
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return unskipped((yield), item.config)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return unskipped((yield), collector.config)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file none of whose tests is asked for need not be imported, which takes longer than many tests run."""
    if not collection_path.name.startswith("test_"):
        return None
    if config.getoption("markexpr").startswith("quiet"):
        return None if among(_place(collection_path), QUIET) else True
    unwanted = left_out(config.getoption("markexpr"))
    return True if unwanted & marks_of_file(collection_path.read_text(encoding="utf-8")) else None


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    """With `--dist loadfile` files that belong together are one worker's too."""
    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None
