"""Policies that are proposed follow from cost and traffic, then from users too, and a company's file takes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.limit import Limit, Period, PolicyLimit
from reduse.policies import Policy, parse_policies, policy_of, written
from reduse.recommendation.grouping import REST, RouteUse, by_route, regrouped
from reduse.recommendation.policies_rendering import document, setting
from reduse.watch.reading import parse
from reduse.wire import MOST_POLICIES

PRICE = RouteUse("POST", "/partner/price", 600, 60.0)
QUOTE = RouteUse("POST", "/partner/quotes", 100, 4.0)
SUBMIT = RouteUse("POST", "/partner/jobs", 200, 2.0)
TRACK = RouteUse("GET", "/partner/jobs/{job_id}", 300, 1.5)
RARE = RouteUse("GET", "/rare", 1, 0.001)

ROUTES = ("/", "/{id}", "/a/b", "/a/{b:path}", "/A_B-c/", "/items/<int(min=1,max=5):id>", "/" + "x" * 90, "/*", "/: #'")
uses = st.builds(
    RouteUse,
    st.sampled_from(("GET", "POST", "DELETE")),
    st.sampled_from(ROUTES),
    st.integers(0, 10_000).map(float),
    st.floats(0, 1e5),
)
lists_of_uses = st.lists(uses, unique_by=lambda use: (use.method, use.route), max_size=20)


def limit(requests: float) -> PolicyLimit:
    return PolicyLimit(Limit(requests, Period.MINUTE), requests)


def test_first_each_route_that_matters_is_a_policy_and_the_rest_is_one() -> None:
    groups = by_route([TRACK, SUBMIT, PRICE, QUOTE, RARE])
    assert written(group.policy for group in groups) == (
        "price=POST /partner/price;quotes=POST /partner/quotes;jobs=POST /partner/jobs;"
        "jobs-2=GET /partner/jobs/{job_id};rest=* *"
    )
    assert groups[-1].routes == (RARE,)


def test_a_rare_and_dear_route_matters_and_without_others_there_is_no_rest() -> None:
    report = RouteUse("GET", "/report", 1, 30.0)
    assert [group.policy.name for group in by_route([PRICE, report])] == ["report", "price"]


def test_of_many_routes_the_seven_that_matter_most_are_policies() -> None:
    many = [RouteUse("GET", f"/r{number}", 100 + number, 1.0) for number in range(20)]
    groups = by_route(many)
    assert len(groups) == MOST_POLICIES
    assert {group.policy.name for group in groups} == {*(f"r{number}" for number in range(13, 20)), REST}


def test_policies_whose_users_are_alike_in_rate_and_cost_could_be_one() -> None:
    policies = parse_policies(
        "price=POST /partner/price;jobs=POST /partner/jobs;track=GET /partner/jobs/{job_id};quotes=POST /partner/quotes"
    )
    limits = {"price": limit(60), "jobs": limit(100), "track": limit(60), "quotes": limit(500)}
    found = regrouped(policies, limits, [PRICE, SUBMIT, TRACK, QUOTE])
    # Prices cost more than jobs, quotes have users who send more.
    assert found.alike == (("jobs", "track"),)
    assert not found.split
    assert [(group.policy.name, group.limit) for group in found.groups] == [
        ("price", limit(60)),
        ("jobs", None),
        ("quotes", limit(500)),
    ]
    assert str(found.groups[1].policy) == "jobs=POST /partner/jobs,GET /partner/jobs/{job_id}"


def test_what_has_no_mild_limit_is_like_nothing() -> None:
    policies = parse_policies("jobs=POST /partner/jobs;track=GET /partner/jobs/{job_id}")
    assert not regrouped(policies, {"jobs": limit(60), "track": None}, [SUBMIT, TRACK]).alike


def test_a_route_that_costs_another_is_split_off() -> None:
    policies = parse_policies("partner=* /partner/*")
    price = RouteUse("POST", "/partner/price", 100, 10.0)
    submit = RouteUse("POST", "/partner/jobs", 100, 1.0)
    found = regrouped(
        policies, {"partner": limit(60)}, [RouteUse("GET", "/partner/jobs/{job_id}", 300, 3.0), submit, price]
    )
    ((policy, route, others),) = found.split
    assert (policy, route, others) == ("partner", price, 0.01)
    assert written(group.policy for group in found.groups) == "price=POST /partner/price;partner=* /partner/*"
    # Its users are others now.
    assert [group.limit for group in found.groups] == [None, None]


def test_a_route_under_no_policy_gets_one_where_it_matters() -> None:
    found = regrouped(parse_policies("price=POST /partner/price"), {"price": limit(60)}, [PRICE, TRACK, RARE])
    assert [(each.policy, each.route) for each in found.split] == [("", TRACK)]
    assert [group.policy.name for group in found.groups] == ["jobs", "price"]


def check(policies: list[Policy], documented: str) -> None:
    """They can be read, by a service and from a company's file."""
    assert list(parse_policies(written(policies))) == policies
    indented = documented.replace("\n", "\n    ")
    company = parse(f"company: x\nservices:\n  - name: a\n    users: true\n    {indented}\n")
    assert [each.listed for each in company.services[0].policies] == policies


@pytest.mark.slow
@given(lists_of_uses)
def test_whatever_was_used_the_first_policies_can_be_read_and_each_route_is_under_one(found: list[RouteUse]) -> None:
    groups = by_route(found)
    listed = [group.policy for group in groups]
    assert len(listed) <= MOST_POLICIES
    if listed:
        check(listed, document(groups))
        assert setting(groups).startswith("REDUSE_USER_POLICIES=")
    find = policy_of(listed)
    for use in found:
        if use.requests:
            assert find(use.method, use.route) is not None


@given(lists_of_uses, lists_of_uses, st.data())
def test_whatever_was_counted_what_follows_can_be_read(
    before: list[RouteUse], now: list[RouteUse], data: st.DataObject
) -> None:
    policies = [group.policy for group in by_route(before)]
    rates = st.one_of(st.none(), st.integers(1, 500).map(limit))
    limits = {policy.name: data.draw(rates) for policy in policies}
    found = regrouped(policies, limits, now)
    listed = [group.policy for group in found.groups]
    assert len(listed) <= MOST_POLICIES
    assert {name for names in found.alike for name in names} <= limits.keys()
    if listed:
        check(listed, document(found.groups))
