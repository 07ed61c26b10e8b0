"""Policies are read as people write them, and written as they are read; the first that a request is under counts."""

import pytest

from reduse.policies import Endpoint, Policy, parse_policies, policy_of, written

TEXT = "price=POST /partner/price,GET /partner/quote/*;jobs=* /partner/jobs*"


def test_policies_are_read_and_written() -> None:
    policies = parse_policies(TEXT)
    assert policies == (
        Policy("price", (Endpoint("POST", "/partner/price"), Endpoint("GET", "/partner/quote/*"))),
        Policy("jobs", (Endpoint("*", "/partner/jobs*"),)),
    )
    assert written(policies) == TEXT
    assert parse_policies(" ; ") == ()


def test_commas_within_a_routes_brackets_are_of_the_route() -> None:
    (policy,) = parse_policies("items=get /items/<int(min=1,max=5):id>, PUT /items/{id}")
    assert policy.endpoints == (Endpoint("GET", "/items/<int(min=1,max=5):id>"), Endpoint("PUT", "/items/{id}"))
    assert parse_policies(written([policy])) == (policy,)


@pytest.mark.parametrize(
    ("method", "route", "policy"),
    [
        ("POST", "/partner/price", "price"),
        ("GET", "/partner/price", None),
        ("GET", "/partner/quote/{id}", "price"),
        ("DELETE", "/partner/jobs/{id}/files/{name}", "jobs"),
        ("_OTHER", "/partner/jobs", "jobs"),
        ("GET", "/partner/pricelist", None),
        ("POST", None, None),
    ],
)
def test_the_policy_of_a_request_is_that_of_its_method_and_route(
    method: str, route: str | None, policy: str | None
) -> None:
    assert policy_of(parse_policies(TEXT))(method, route) == policy


def test_the_first_policy_that_matches_counts_and_no_policy_is_of_requests_that_no_route_took() -> None:
    of = policy_of(parse_policies("writes=POST *;all=* *"))
    assert (of("POST", "/a"), of("GET", "/a"), of("GET", None)) == ("writes", "all", None)


def test_a_star_is_the_only_character_that_is_not_itself() -> None:
    of = policy_of(parse_policies("a=GET /a.b/*/c"))
    assert (of("GET", "/a.b/x/y/c"), of("GET", "/axb/x/c")) == ("a", None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("price", "is no policy"),
        ("price=", "is no policy"),
        ("Price=GET /", "no name of a policy"),
        ("=GET /", "no name of a policy"),
        ("price=/partner/price", "no method and route"),
        ("price=POST /partner/price,/partner/quote", "no method and route"),
        ("price=POST partner/price", "no method and route"),
        ("price=POST /partner price", "no method and route"),
        ("a=GET /a;a=GET /b", "twice"),
        (";".join(f"p{number}=GET /{number}" for number in range(9)), "at most 8"),
    ],
)
def test_what_is_no_policy_is_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_policies(text)
