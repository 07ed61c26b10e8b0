"""Which rules a test asks for, and in which groups they see the same."""

from tests.prometheus.asked_for import Rule, names_asked_for
from tests.prometheus.vmalert_tool import in_parts


def record(name: str, expression: str) -> Rule:
    return {"record": name, "expr": expression}


def alert(name: str, expression: str) -> Rule:
    return {"alert": name, "expr": expression}


RULES = [
    record("job:a:rate", "rate(a[1m])"),
    record("job:a:share", "job:a:rate / sum(job:a:rate)"),
    record("job:b:rate", "rate(b[1m])"),
    alert("High", "job:a:share > 0.5"),
    alert("Low", "job:b:rate < 1"),
]


def asked(*expressions: str, alerts: tuple[str, ...] = ()) -> set[str]:
    test = {
        "promql_expr_test": [{"expr": expression} for expression in expressions],
        "alert_rule_test": [{"alertname": name} for name in alerts],
    }
    return names_asked_for({"tests": [test]}, RULES)


def test_what_is_named_and_what_it_is_computed_from_is_asked_for() -> None:
    assert asked("job:b:rate + 0") == {"job:b:rate"}
    assert asked(alerts=("High",)) == {"High", "job:a:share", "job:a:rate"}
    assert asked('count({__name__=~"job:.:rate"})') == {"job:a:rate", "job:b:rate"}
    assert asked('ALERTS{alertname="Low"}') == {"High", "Low", "job:a:share", "job:a:rate", "job:b:rate"}
    assert asked("up") == set()


def test_a_rule_comes_after_what_it_asks_for_and_never_before_who_sees_its_last_value() -> None:
    a, b = record("a", "x"), record("b", "y")
    assert in_parts([a, b]) == [[a, b]]
    of_a = record("c", "a + 1")
    assert in_parts([a, of_a, b]) == [[a, b], [of_a]]
    # `early` sees what `late` recorded the last time, and so may share its group.
    early, late = record("early", "late offset 1m"), record("late", "z")
    assert in_parts([early, late]) == [[early, late]]
    second = record("early", "a + late offset 1m")
    assert in_parts([a, second, late]) == [[a], [second, late]]
