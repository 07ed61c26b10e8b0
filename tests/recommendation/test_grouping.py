"""Groups of routes follow from cost and traffic alone, and are policies that a company's file takes."""

from hypothesis import given
from hypothesis import strategies as st

from reduse.policies import parse_policies, written
from reduse.recommendation.grouping import COST_FACTOR, RouteUse, groups_of
from reduse.recommendation.policies_rendering import document
from reduse.watch.reading import parse
from reduse.wire import MOST_POLICIES

PRICE = RouteUse("POST", "/partner/price", 600, 60.0)
QUOTE = RouteUse("POST", "/partner/quotes", 100, 4.0)
SUBMIT = RouteUse("POST", "/partner/jobs", 200, 2.0)
TRACK = RouteUse("GET", "/partner/jobs/{job_id}", 300, 1.5)

ROUTES = ("/", "/{id}", "/a/b", "/a/{b:path}", "/A_B-c/", "/items/<int(min=1,max=5):id>", "/" + "x" * 90, "/*", "/: #'")
uses = st.builds(
    RouteUse,
    st.sampled_from(("GET", "POST", "DELETE")),
    st.sampled_from(ROUTES),
    st.integers(0, 10_000).map(float),
    st.floats(0, 1e5),
)


def routes(uses_of: list[RouteUse]) -> list[list[str]]:
    return [list(map(str, group.policy.endpoints)) for group in groups_of(uses_of)]


def test_routes_that_cost_about_the_same_are_one_group_the_dearest_first() -> None:
    assert routes([TRACK, SUBMIT, PRICE, QUOTE]) == [
        ["POST /partner/price", "POST /partner/quotes"],
        ["POST /partner/jobs", "GET /partner/jobs/{job_id}"],
    ]


def test_a_group_is_named_after_the_route_with_the_most_of_the_servers_time() -> None:
    assert [group.policy.name for group in groups_of([TRACK, SUBMIT, PRICE, QUOTE])] == ["price", "jobs"]
    cheap = RouteUse("GET", "/v2/jobs", 500, 0.05)
    assert [group.policy.name for group in groups_of([SUBMIT, cheap])] == ["jobs", "jobs-2"]


def test_a_route_that_is_neither_asked_for_nor_dear_is_under_no_policy() -> None:
    rare = RouteUse("GET", "/rare", 1, 0.001)
    rare_and_dear = RouteUse("GET", "/report", 1, 30.0)
    assert routes([PRICE, rare]) == [["POST /partner/price"]]
    assert routes([PRICE, rare_and_dear]) == [["GET /report"], ["POST /partner/price"]]


@given(st.lists(uses, unique_by=lambda use: (use.method, use.route), max_size=20))
def test_whatever_was_used_the_groups_are_policies_that_can_be_read(found: list[RouteUse]) -> None:
    groups = groups_of(found)
    assert len(groups) <= MOST_POLICIES
    listed = [group.policy for group in groups]
    assert list(parse_policies(written(listed))) == listed
    of_routes = [endpoint for policy in listed for endpoint in policy.endpoints]
    assert len(set(of_routes)) == len(of_routes)
    for group in groups[:-1]:
        assert group.routes[0].mean <= COST_FACTOR * group.routes[-1].mean * (1 + 1e-9)
    if groups:
        indented = document(groups).replace("\n", "\n    ")
        company = parse(f"company: x\nservices:\n  - name: a\n    users: true\n    {indented}\n")
        assert [each.listed for each in company.services[0].policies] == listed
