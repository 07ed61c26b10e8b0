"""On VictoriaMetrics the rules say what they say on Prometheus: its tests, run as vmalert-tool does."""

from pathlib import Path

import pytest

from reduse.settings.stack import Settings
from reduse.stack.store import building
from reduse.yaml_text import read_yaml
from tests.prometheus.test_rules import RULE_FILES, TEST_FILES
from tests.prometheus.vmalert_tool import Group, asks, differences, groups_of, is_longer, prepare

pytestmark = pytest.mark.server


def _kinds(path: Path) -> set[bool]:
    """Whether the file has longer tests, others, or both."""
    document = read_yaml(path.read_text(encoding="utf-8"))
    return {is_longer(test, document) for test in document["tests"]}


KINDS = {path: _kinds(path) for path in TEST_FILES}
SHORT, LONG = ([path for path, kinds in KINDS.items() if longer in kinds] for longer in (False, True))

RATIO = "job_objective:http_requests_bad:ratio_6h"

# What is known to differ: (expression, time), each with its reason. docs/stores.md tells of them.
DIFFERENT: dict[str, set[tuple[str, str]]] = {
    # A series whose value is NaN is none.
    "red": {("(count(job:http_request_duration_seconds:quantile)) + 0", "1m20s")},
    "objectives-starts": {
        (
            f"(count by (objective) ({RATIO} != {RATIO})) + 0",
            "7h0m0s",
        )
    },
    # After a restart for the seconds in which nobody can know that the old process has ended.
    "red-intervals": {('job_status:http_requests:rate{job="again"} < 4 > 3', "36s")},
    # 10.4 after a restart, where Prometheus has 10.2: rounded, they are apart.
    "users": {("(round(service:identified_requests:rate, 0.5)) + 0", "2m0s")},
}


@pytest.fixture(scope="session")
def tool() -> Path:
    settings = Settings()
    return building.find(settings, building.RULE_TESTER) or building.build(settings, building.RULE_TESTER)


@pytest.fixture(scope="session")
def rule_files() -> dict[str, list[Group]]:
    return {file.name: groups_of(file) for file in RULE_FILES}


def check(tool: Path, test: Path) -> None:
    known = DIFFERENT.get(test.stem, set())
    assert differences(tool, test) == {(expression, time) for expression, time in known if asks(test, expression, time)}


@pytest.mark.parametrize("name", DIFFERENT)
def test_each_known_difference_is_asked_for(name: str, rule_files: dict[str, list[Group]], tmp_path: Path) -> None:
    [file] = [file for file in TEST_FILES if file.stem == name]
    tests = [prepare(file, rule_files, tmp_path / str(longer), longer=longer) for longer in KINDS[file]]
    for expression, time in DIFFERENT[name]:
        assert any(asks(test, expression, time) for test in tests)


@pytest.mark.parametrize("file", SHORT, ids=lambda file: file.stem)
def test_tests_of_promtool_pass(tool: Path, rule_files: dict[str, list[Group]], file: Path, tmp_path: Path) -> None:
    check(tool, prepare(file, rule_files, tmp_path, longer=False))


@pytest.mark.extended
@pytest.mark.parametrize("file", LONG, ids=lambda file: file.stem)
def test_longer_tests_of_promtool_pass(
    tool: Path, rule_files: dict[str, list[Group]], file: Path, tmp_path: Path
) -> None:
    """Minutes each, for hours of history. They say nothing of MetricsQL that the others do not."""
    check(tool, prepare(file, rule_files, tmp_path, longer=True))
