"""What is kept between the pieces of a soak, and the page that is made of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.soak.counted import Sent
from reduse.soak.losses import Loss
from reduse.soak.record import Done, Piece, Record
from reduse.soak.report import Report
from reduse.soak.schedule import Planned
from reduse.soak.verdict import Check

PLANNED = Planned(1, 10.0, "kill", "agent", 3.0)


def record(*, wrong: str = "", counted: int = 10) -> Record:
    """Of one piece with one fault."""
    piece = Piece(
        100.0,
        200.0,
        [Check("RED, requests", "shop-api", 10, counted, 10, 10)],
        [Loss("shop-api", 100.0, 102.5, "killed")],
        {"points sent again": 3.0},
        [],
    )
    return Record(7, quick=False, seconds=60.0, done=[Done(PLANNED, 110.0, 113.0, 1.0, wrong)], pieces=[piece])


def test_what_is_written_is_read(tmp_path: Path) -> None:
    record().write(tmp_path)
    assert Record.read(tmp_path, 7, quick=False) == record()


@pytest.mark.parametrize(("seed", "quick"), [(8, False), (7, True)])
def test_a_folder_has_one_soak(tmp_path: Path, seed: int, quick: bool) -> None:
    record().write(tmp_path)
    with pytest.raises(SettingError, match="seed 7"):
        Record.read(tmp_path, seed, quick=quick)


@pytest.mark.parametrize(
    ("of", "failures"),
    [
        (record(), 0),
        (record(wrong="agent not running"), 1),
        (record(counted=9), 1),
    ],
    ids=["all well", "did not come back", "one lost"],
)
def test_a_report_says_each_thing_that_is_wrong(of: Record, failures: int) -> None:
    report = Report.of(of, Sent(), [], [])
    assert len(report.failures) == failures
    assert report.as_dict()["passed"] == (failures == 0)
    assert ("Passed." in report.markdown([])) == (failures == 0)


def test_what_one_piece_lost_is_not_made_good_by_another() -> None:
    of = record(counted=9)
    of.pieces.append(Piece(200.0, 300.0, [Check("RED, requests", "shop-api", 10, 10, 5, 10)], [], {}, []))
    assert len(Report.of(of, Sent(), [], []).failures) == 1


def test_an_alert_stays_that_is_there_when_the_last_piece_has_ended() -> None:
    """As in one run without pieces; what an earlier piece did not see the end of is told."""
    of = record()
    of.pieces[0] = replace(of.pieces[0], stayed=["ended later", "stays"])
    of.pieces.append(Piece(200.0, 300.0, [], [], {}, ["stays"]))
    report = Report.of(of, Sent(), [], [])
    assert report.failures == ["alert that stays: stays"]
    assert report.as_dict()["stayed_before"] == ["ended later"]
    assert "it has ended since: ended later" in report.markdown([])
