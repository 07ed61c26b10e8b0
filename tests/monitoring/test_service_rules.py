"""Rules about services: as many for two hundred as for one, and evaluated no more than they cost."""

import pytest

from reduse.monitoring import companies, facts, rules
from reduse.monitoring.groups import RED, USE, interval
from reduse.monitoring.origin import Origin
from reduse.monitoring.signals.service import error_budget, slow_requests
from reduse.monitoring.signals.service.export_interval import by_interval
from reduse.yaml_text import read_yaml

ABOUT_SERVICES = ("red", "use", "users", "objectives")


def groups(services: int) -> dict[str, dict[str, object]]:
    texts = rules.documents(services=services)
    return {group["name"]: group for name in ABOUT_SERVICES for group in read_yaml(texts[name])["groups"]}


def test_rules_are_the_same_for_any_number_of_services_and_only_less_often() -> None:
    few, many = groups(1), groups(200)
    assert few.keys() == many.keys()
    for name, group in few.items():
        assert group["rules"] == many[name]["rules"]


@pytest.mark.parametrize(
    ("services", "red", "use"),
    [(0, "1s", ""), (5, "1s", ""), (6, "2s", "10s"), (100, "20s", "30s"), (900, "60s", "30s")],
)
def test_the_interval_grows_with_the_number_of_services_up_to_a_bound(services: int, red: str, use: str) -> None:
    """Which is what the windows over recorded series bear, and people who look."""
    assert (interval(RED, services), interval(USE, services)) == (red, use)


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 200])
def test_bad_requests_are_counted_with_the_interval_at_which_their_rates_are_recorded(number: int) -> None:
    company = companies.parse("company: Test\nservices: [" + ", ".join(f"{{name: s{n}}}" for n in range(number)) + "]")
    document = read_yaml(facts.document(company, Origin("watch.yaml")))
    [told] = [rule for rule in document["groups"][0]["rules"] if rule["record"] == error_budget.RECORDED_EACH]
    seconds = str(groups(number)["objectives"]["interval"]).removesuffix("s")
    assert told["expr"] == f"vector({seconds})"


def test_a_threshold_that_is_no_standard_bound_is_asked_of_native_histograms_once() -> None:
    service = "{{name: {}, duration_bounds: [300ms], objectives: [{{goal: latency, target: 99%, threshold: {}}}]}}"
    listed = ", ".join(service.format(name, bound) for name, bound in (("a", "300ms"), ("b", "300ms"), ("c", "500ms")))
    company = companies.parse(f"company: Test\nservices: [{listed}]")
    document = read_yaml(facts.document(company, Origin("watch.yaml")))
    asked = [rule for rule in document["groups"][0]["rules"] if rule["record"] == slow_requests.PART_WITHIN_NATIVE]
    assert [rule["labels"] for rule in asked] == [{"le": "0.3"}]


def test_each_interval_has_one_window_and_an_unknown_one_the_first() -> None:
    known = "job:export_interval_seconds:max"
    assert by_interval("often", (3, "rarer"), (16, "rare")) == (
        f"often\nunless on (job) {known} > 3\n"
        f"or rarer\nand on (job) {known} > 3 <= 16\n"
        f"or rare\nand on (job) {known} > 16"
    )
