"""What is shown: every limit, the recommendation, and what to know of the figures."""

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from reduse.recommendation import rendering
from reduse.recommendation.observation import LimitEffect, Observation
from reduse.recommendation.policy import Policy, Recommendation
from reduse.recommendation.rendering import percent

LADDER = [LimitEffect(10, 1234, 21, 44), LimitEffect(20, 12, 2, 50), LimitEffect(50, 0, 0, 55)]
SEEN = Observation("mes-api", 0, 3600, 1, 3600, 2, 12_345, 13_000, 210, 55, LADDER)


def shown(seen: Observation, policy: Policy, *, terminal: bool = False) -> str:
    output = io.StringIO()
    console = Console(file=output, width=200, force_terminal=terminal, color_system="standard" if terminal else None)
    rendering.show(Recommendation.made(seen, policy), console)
    return output.getvalue()


def test_the_recommended_limit_is_marked_and_said_with_the_policy() -> None:
    text = shown(SEEN, Policy())
    (marked,) = [line for line in text.splitlines() if "→" in line]
    assert marked.replace("│", "").split() == [
        *["→", "20/s", "40", "12", "0.10", "%", "2", "0.95", "%", "50/s"],
    ]
    assert (
        "Recommended: 20 requests/s for each user, 40 at once. It touches 2 of 210 active users (0.95 %) and rejects "
        "0.10 % of the requests of identified users, and leaves 50 requests in the busiest second. Policy: the lowest "
        "limit that touches at most 1 % of the active users." in " ".join(text.split())
    )


def test_colours_are_for_terminals_only() -> None:
    assert "\x1b[" in shown(SEEN, Policy(), terminal=True)
    output = io.StringIO()
    rendering.show(Recommendation.made(SEEN, Policy()), Console(file=output, width=200))
    assert "\x1b[" not in output.getvalue()


def test_when_no_limit_will_do_it_says_what_the_highest_would_do_and_the_cures() -> None:
    seen = replace(SEEN, ladder=LADDER[:2])
    text = " ".join(shown(seen, Policy(0.5)).split())
    assert "No limit of the ladder will do" in text
    assert "even 20/s touches 2 of 210 active users" in text
    assert "REDUSE_PROCESSOR_LIMITS" in text
    assert "→" not in text


@pytest.mark.parametrize(
    ("seen", "note"),
    [
        (SEEN, "an upper bound for 1h"),
        (replace(SEEN, end=21_600, last=21_600), "not of all 6h"),
        (SEEN, "Peaks are of windows of 1 s"),
        (replace(SEEN, first=1800), "There are samples only from"),
        (replace(SEEN, incomplete=[5, 7.5]), "Left out, as they were not tried all the time: limits of 5/s, 7.5/s."),
        (replace(SEEN, ladder=LADDER[1:]), "It is the lowest that was tried"),
    ],
)
def test_what_to_know_is_noted(seen: Observation, note: str) -> None:
    assert note in shown(seen, Policy())


def test_what_does_not_apply_is_not_noted() -> None:
    text = shown(SEEN, Policy())
    for note in ("There are samples only", "Left out", "lowest that was tried"):
        assert note not in text


def test_a_service_named_like_markup_is_shown_as_it_is() -> None:
    assert "[red]x[/]" in shown(replace(SEEN, service="[red]x[/]"), Policy())


def test_json_has_the_same_figures_and_null_when_no_limit_will_do() -> None:
    found = json.loads(json.dumps(rendering.as_dict(Recommendation.made(SEEN, Policy()))))
    assert found["recommended"] == found["ladder"][1]
    assert found["recommended"] == {
        "limit": "20/s",
        "limit_per_second": 20,
        "bucket_requests": 40,
        "rejected_requests": 12,
        "rejected_share": 12 / 12_345,
        "touched_users": 2,
        "touched_share": 2 / 210,
        "peak_left_per_second": 50,
    }
    assert found["policy"] == {"touched_percent": 1, "rejected_percent": None}
    nothing = rendering.as_dict(Recommendation.made(replace(SEEN, ladder=LADDER[:1]), Policy()))
    assert nothing["recommended"] is None


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.00 %"), (1, "100.00 %"), (0.5, "50.00 %"), (1e-9, "<0.01 %"), (1 - 1e-9, ">99.99 %"), (0.0001, "0.01 %")],
)
def test_a_share_that_is_not_nothing_does_not_look_like_it(share: float, text: str) -> None:
    assert percent(share) == text
