"""On VictoriaMetrics the rules say what they say on Prometheus: its tests, run as vmalert-tool does."""

from pathlib import Path

import pytest

from reduse.settings.stack import Settings
from reduse.stack.store import building
from tests.prometheus.test_rules import RULE_FILES, TEST_FILES
from tests.prometheus.vmalert_tool import RuleFile, differences, prepare

pytestmark = pytest.mark.server

# These take minutes each, for days of history, and say nothing of MetricsQL that the others do not.
LONG = {"objectives-availability", "objectives-latency", "objectives-slow", "use-intervals", "users-policies-days"}

FILES = [
    pytest.param(path, id=path.stem, marks=pytest.mark.extended if path.stem in LONG else ()) for path in TEST_FILES
]

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
def rule_files() -> dict[str, RuleFile]:
    return {file.name: RuleFile.read(file) for file in RULE_FILES}


@pytest.mark.parametrize("file", FILES)
def test_a_test_of_promtool_passes(tool: Path, rule_files: dict[str, RuleFile], file: Path, tmp_path: Path) -> None:
    assert differences(tool, prepare(file, rule_files, tmp_path)) == DIFFERENT.get(file.stem, set())
