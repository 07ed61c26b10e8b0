"""A test that is skipped fails the suite, and says what is missing."""

from pathlib import Path

import pytest

pytest_plugins = "pytester"

SKIPPED = """
import pytest

@pytest.mark.skipif(True, reason="no such program")
def test_a():
    pass

def test_b():
    pytest.skip("no such server")

@pytest.mark.xfail(reason="known")
def test_c():
    raise AssertionError
"""
WHOLE_FILE = """
import pytest

pytest.importorskip("no_such_module")
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """The suite's own hooks, with other tests."""
    pytester.makeconftest(
        "from tests.conftest import pytest_addoption, pytest_make_collect_report, pytest_runtest_makereport"
    )
    pytester.syspathinsert(Path(__file__).parents[1])
    return pytester


@pytest.mark.slow
def test_a_skip_is_a_failure_with_its_reason_where_nothing_may_be_skipped(suite: pytest.Pytester) -> None:
    suite.makepyfile(SKIPPED)
    ended = suite.runpytest_inprocess("--no-skips", "-p", "no:cacheprovider")
    ended.assert_outcomes(failed=1, errors=1, xfailed=1)
    ended.stdout.fnmatch_lines(["*no such program*", "*no such server*"])


@pytest.mark.slow
def test_a_file_that_is_skipped_is_a_failure_too(suite: pytest.Pytester) -> None:
    suite.makepyfile(WHOLE_FILE)
    ended = suite.runpytest_inprocess("--no-skips", "-p", "no:cacheprovider")
    ended.assert_outcomes(errors=1)
    ended.stdout.fnmatch_lines(["*no_such_module*"])


def test_while_one_works_a_skip_is_a_skip(suite: pytest.Pytester) -> None:
    suite.makepyfile(SKIPPED)
    suite.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(skipped=2, xfailed=1)
