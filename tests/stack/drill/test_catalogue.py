"""Which drills a company has: its own, and those of every company."""

import re
from pathlib import Path

import pytest

from reduse.errors import StackError
from reduse.settings.stack import Settings
from reduse.stack.drill import catalogue
from reduse.stack.installation import Installation

GOOD = """
from contextlib import nullcontext
from reduse.stack.drill.definition import Drill

DRILLS = [Drill("poison", "lane", "Ours.", "OurAlert", lambda installation, supervisor: nullcontext())]
"""


def of(folder: Path, text: str | None = None) -> tuple[str, ...]:
    if text is not None:
        (folder / "drills.py").write_text(text)
    return tuple(f"{drill.name}:{drill.alert}" for drill in catalogue.drills(Installation(Settings(), folder)))


def test_a_company_without_its_own_has_those_of_every_company(tmp_path: Path) -> None:
    assert of(tmp_path) == (
        "poison:SamplesRefused",
        *(f"{part}-killed:MonitoringPartDown" for part in ("agent", "gateway", "processor")),
    )


def test_its_own_come_first_and_in_the_place_of_others(tmp_path: Path) -> None:
    names = of(tmp_path, GOOD)
    assert names[0] == "poison:OurAlert"
    assert len(names) == 4


@pytest.mark.parametrize("text", ["DRILLS = [1]", "import nothing_there", "DRILLS = 3", "x = ", "pass"])
def test_a_file_that_cannot_be_used_is_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(StackError) as caught:
        of(tmp_path, text)
    assert str(tmp_path / "drills.py") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_reference_company_has_its_own_by_name() -> None:
    names = [drill.name for drill in catalogue.drills(Installation.of(Settings()))]
    assert names == [
        *("error-burst", "slow-database", "connection-leak", "poison-messages", "consumer-stopped", "cpu-hog"),
        *("greedy-user", "over-limit", "poison", "agent-killed", "gateway-killed", "processor-killed"),
    ]


def test_every_drill_waits_for_an_alert_that_there_is() -> None:
    files = (Settings().root / "prometheus" / "rules").glob("*.yaml")
    alerts = {name for file in files for name in re.findall(r"alert: (\w+)", file.read_text(encoding="utf-8"))}
    assert {drill.alert for drill in catalogue.drills(Installation.of(Settings()))} - alerts == set()
