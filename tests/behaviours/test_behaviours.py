"""Ours has every behaviour of the list, and docs/behaviours.md says what is seen of contrib's."""

from collections import Counter

import pytest

from behaviours.behaviours import YES, counts, takes
from behaviours.observation import Export, Observation, Series, described, series
from behaviours.table import COMMAND, DOCUMENT, document, measured, missing


@pytest.mark.server
def test_ours_has_every_behaviour_and_the_table_is_what_is_seen(tmp_path_factory: pytest.TempPathFactory) -> None:
    ours, contribs = measured(tmp_path_factory.mktemp("services"))
    assert missing(ours) == {}
    assert document(ours, contribs) == DOCUMENT.read_text(encoding="utf-8"), f"to mend: {COMMAND}"


def test_series_are_described_by_what_is_not_common_to_all() -> None:
    seen = Counter({series("/a", 200): 2, series(None, 500, "RuntimeError", "POST"): 1})
    assert described(seen) == "1 × `POST` without a route 500 `error.type=RuntimeError`, 2 × `GET /a` 200"
    assert described({}) == "nothing"
    bare: Series = frozenset({("http.request.method", "GET"), ("http.route", "/a"), ("http.response.status_code", 200)})
    assert described({bare: 1}) == "1 × `GET /a` 200 without `url.scheme` without `network.protocol.version`"


def test_one_request_more_or_less_is_not_a_yes() -> None:
    judge = counts(series("/a", 200))
    assert judge(_observed({series("/a", 200): 1})) == YES
    assert judge(_observed({series("/a", 200): 2})) == "2 × `GET /a` 200"
    assert judge(_observed({series("/a", 200): 1, series("/b", 200): 1})) == "1 × `GET /a` 200, 1 × `GET /b` 200"
    assert judge(_observed({})) == "nothing"


def test_a_duration_is_judged_by_its_bounds() -> None:
    judge = takes(series("/a", 200), 0.2, 1.0)
    assert judge(_observed({series("/a", 200): 1}, 0.1)) == "less than 0.2 s"
    assert judge(_observed({series("/a", 200): 1}, 0.2)) == YES
    assert judge(_observed({series("/a", 200): 1}, 1.0)) == "1 s or more"


def _observed(seen: dict[Series, int], seconds: float = 0.0) -> Observation:
    return Observation(Counter(seen), seconds, Counter(), Export(), Export())
