"""Which tests are one worker's, and that the names of them are still those of files."""

from pathlib import Path

import pytest

from tests.scheduling import FIRST, QUIET, SHARED_STACK, SHARING, YIELDING, left_out, marks_of_file, turn, unit

ROOT = Path(__file__).parents[1]


def test_every_place_is_there() -> None:
    places = {*QUIET, *SHARING, *YIELDING, *FIRST} - {"outages"}
    assert [place for place in places if not (ROOT / place).exists()] == []


@pytest.mark.parametrize(
    ("test", "expected"),
    {
        "tests/e2e/test_rows.py::test_a": "tests/e2e",
        "tests/e2e/test_harbour.py::test_a[tests/e2e::x]": "tests/e2e/test_harbour.py",
        "tests/services/test_flow.py::test_a": "tests/services",
        "tests/collector/test_store_away.py::test_a": "outages",
        "tests/collector/test_go_modules.py::test_a": "tests/collector/test_go_modules.py",
        "tests/distro/test_outage.py::test_a": "outages",
        "tests/distro/export/test_outage_log.py::test_a": "tests/distro/export/test_outage_log.py",
        "tests/test_packaging.py::test_a": "tests/test_packaging.py",
    }.items(),
)
def test_a_file_is_one_workers_and_so_are_those_that_belong_together(test: str, expected: str) -> None:
    assert unit(test) == expected


def test_what_takes_longest_begins_before_all_others() -> None:
    longest = [f"{file}::test_a" for file in ("tests/e2e/test_harbour.py", "tests/e2e/test_drills.py")]
    others = [f"{file}::test_a" for file in (f"{SHARED_STACK}/test_rows.py", "tests/e2e/test_kafka.py")]
    assert max(map(turn, longest)) < min(map(turn, others))


@pytest.mark.parametrize(
    ("source", "marks"),
    [
        ("import pytest\n\npytestmark = pytest.mark.server\n\ndef f(): ...\n", {"server"}),
        (
            "pytestmark = [\n    pytest.mark.server,\n    pytest.mark.skipif(True, reason='')\n]\nx = pytest.mark.e2e",
            {"server", "skipif"},
        ),
        ("@pytest.mark.server\ndef test_a(): ...\n", set()),
    ],
)
def test_the_marks_of_a_file_are_read_without_importing_it(source: str, marks: set[str]) -> None:
    assert marks_of_file(source) == marks


@pytest.mark.parametrize(
    ("expression", "marks"),
    {
        "not server and not slow": {"server", "slow"},
        "quiet and not server": {"server"},
        "": set(),
        "not server or slow": set(),
        "not (server and slow)": set(),
    }.items(),
)
def test_a_mark_is_left_out_where_no_test_that_is_asked_for_has_it(expression: str, marks: set[str]) -> None:
    assert left_out(expression) == marks
