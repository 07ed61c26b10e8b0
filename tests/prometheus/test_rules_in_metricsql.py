"""On VictoriaMetrics the rules say what they say on Prometheus: its tests, run by the tool of vmalert."""

from pathlib import Path

import pytest

from reduse.settings.stack import Settings
from reduse.stack.store import building
from tests.prometheus.test_rules import RULE_FILES, TEST_FILES
from tests.prometheus.vmalert_tool import Prepared, differences

pytestmark = pytest.mark.server

DIFFERENT: dict[str, set[tuple[str, str]]] = {}
"""What is known to differ, and why; docs/stores.md tells it."""


@pytest.fixture(scope="session")
def tool() -> Path:
    settings = Settings()
    return building.find(settings, building.RULE_TESTER) or building.build(settings, building.RULE_TESTER)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    made = Prepared(tmp_path_factory.mktemp("metricsql"))
    for file in RULE_FILES:
        made.rules(file)
    return made


@pytest.mark.parametrize("file", TEST_FILES, ids=lambda path: path.stem)
def test_a_test_of_promtool_passes(tool: Path, prepared: Prepared, file: Path) -> None:
    assert differences(tool, prepared.test(file)) == DIFFERENT.get(file.stem, set())
