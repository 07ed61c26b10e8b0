"""The history's files are replayed in one pass, or kept in memory for many questions, with the same answers."""

import json
from pathlib import Path

import pytest

from reduse.limit import Limit, Period
from reduse.recommendation.errors import ChoiceError, RecommendationError
from reduse.what_if.limiter import Kind, Limiter
from reduse.what_if.reading import Question, ask
from reduse.what_if.recorded import record
from reduse.what_if.rendering import as_dict
from tests.history.windows import HOUR, SERVICE, mark_whole, windows, write_journal, write_parquet

LIMITERS = [
    Limiter(Limit(3, Period.SECOND), 3),
    Limiter(Limit(7.3, Period.MINUTE), 2),
    Limiter(Limit(5, Period.MINUTE), 5, Kind.MOVING_WINDOW),
    Limiter(Limit(5, Period.MINUTE), 5, Kind.FIXED_WINDOW, 3),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = windows(90, users=9)
    write_parquet(tmp_path, "a_20260921T13_0", found[:40])
    write_parquet(tmp_path, "a_20260921T13_1", found[40:70])
    write_journal(tmp_path, "a_20260921T13_2", found[70:])
    mark_whole(tmp_path, "a")
    return tmp_path


def question(**changes: object) -> Question:
    given = {"service": SERVICE, "start": HOUR + 30, "end": HOUR + 90, "limiters": LIMITERS, **changes}
    return Question(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", [None, "", "price"])
def test_what_is_kept_in_memory_answers_as_the_files_do(folder: Path, policy: str | None) -> None:
    told: list[tuple[int, int]] = []
    answer = ask([folder], question(policy=policy, costs={"price": 3}), lambda *each: told.append(each))
    assert told[-1][0] == told[-1][1] > 0
    assert answer.requests > 0
    assert any(effect.rejected for effect in answer.effects)
    kept = record([folder], SERVICE, HOUR, HOUR + 90)
    assert kept.policies == ["price"]
    of_kept = kept.ask(LIMITERS, start=HOUR + 30, policy=policy, costs={"price": 3})
    # The limiters of the files were warmed up from further back, where nothing is recorded.
    assert as_dict(of_kept) | {"warmed_up_from": 0} == as_dict(answer) | {"warmed_up_from": 0}
    json.dumps(as_dict(answer))


def test_of_more_than_is_kept_the_newest_stays(folder: Path) -> None:
    whole = record([folder], SERVICE, HOUR, HOUR + 90)
    kept = record([folder], SERVICE, HOUR, HOUR + 90, whole.rows // 3)
    assert (kept.asked_from, kept.end) == (HOUR, HOUR + 90)
    assert whole.rows // 3 - 18 < kept.rows <= whole.rows // 3
    assert kept.start == HOUR + 60
    assert kept.ask(LIMITERS).requests == whole.ask(LIMITERS, start=kept.start).requests


def test_what_is_not_recorded_is_said_and_never_filled(folder: Path) -> None:
    answer = ask([folder], question(start=HOUR - 50, end=HOUR + 90))
    assert [(gap.begin, gap.end) for gap in answer.gaps] == [(HOUR - 50, HOUR)]


def test_what_cannot_be_answered_is_said_with_the_cure(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ChoiceError, match="under the policy jobs is recorded, of: price"):
        ask([folder], question(policy="jobs"))
    with pytest.raises(ChoiceError, match="policy jobs"):
        record([folder], SERVICE, HOUR, HOUR + 90).ask(LIMITERS, policy="jobs")
    with pytest.raises(RecommendationError, match=f"services recorded are {SERVICE}"):
        ask([folder], question(service="crm-api"))
    with pytest.raises(RecommendationError, match="try a longer --window"):
        ask([folder], question(start=HOUR + 500, end=HOUR + 600))
    with pytest.raises(
        RecommendationError, match=r"there is no history in .*REDUSE_PROCESSOR_HISTORY_BYTES.*--history"
    ):
        ask([tmp_path / "none"], question())
