"""When a resolver's answer counts: every combination of what the rule looks at."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.distro.base.accepted_statuses import ACCEPTED_STATUSES
from reduse.distro.sources.users.acceptance import counts
from reduse.distro.sources.users.identity import Identification
from reduse.distro.sources.users.resolvers.resolver import Resolver, Scope, verified

statuses = st.none() | st.integers(100, 599)
methods = st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "DELETE", None])
situations = st.fixed_dictionaries(
    {
        "method": methods,
        "status": statuses,
        "matched": st.booleans(),
        "public": st.booleans(),
        "accepted": st.just(ACCEPTED_STATUSES) | st.frozensets(st.integers(200, 599)),
    }
)


@given(situations)
def test_who_was_verified_always_counts(situation: dict[str, Any]) -> None:
    assert counts(verified=True, **situation)


@given(situations)
def test_a_claim_counts_only_where_the_answer_shows_that_it_was_accepted(situation: dict[str, Any]) -> None:
    if counts(verified=False, **situation):
        assert not situation["public"]
        assert situation["method"] != "OPTIONS"
        assert situation["status"] in situation["accepted"]
        assert situation["matched"] or 200 <= situation["status"] < 300


@given(situations, st.integers(200, 599))
def test_less_said_never_makes_a_claim_count(situation: dict[str, Any], status: int) -> None:
    """Public, not matched, a narrower setting: each only takes away."""
    less = [{"public": True}, {"matched": False}, {"accepted": situation["accepted"] - {status}}]
    for change in less:
        assert counts(verified=False, **situation) >= counts(verified=False, **(situation | change))


@pytest.mark.parametrize("status", [401, 403, 407])
@given(matched=st.booleans(), method=methods)
def test_refused_credentials_never_count_by_default(status: int, matched: bool, method: str | None) -> None:
    assert not counts(
        verified=False, method=method, status=status, matched=matched, public=False, accepted=ACCEPTED_STATUSES
    )


def claimed(_scope: Scope) -> str | None:
    return "claimed"


@verified
def known(_scope: Scope) -> str | None:
    return "known"


@verified
def unknown(_scope: Scope) -> str | None:
    return None


@given(st.lists(st.sampled_from([claimed, known, unknown]), max_size=4), situations, st.booleans())
def test_the_first_answer_that_counts_names_the_user(
    resolvers: list[Resolver], situation: dict[str, Any], mounted: bool
) -> None:
    """No route is a route template that is none, or that of a mount."""
    template = "/plain" if situation["matched"] or mounted else None
    identified = Identification(
        resolvers, str, None, lambda _template: bool(situation["public"]), situation["accepted"]
    )
    said = [
        resolve({}) for resolve in resolvers if resolve({}) and counts(verified=resolve is not claimed, **situation)
    ]
    scope = {"method": situation["method"]}
    user = identified.user(scope, situation["status"], template, not situation["matched"] and mounted)
    assert user == (said[0] if said else None)
