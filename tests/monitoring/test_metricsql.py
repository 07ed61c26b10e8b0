"""What rules become for VictoriaMetrics; that the numbers are the same: tests/prometheus/test_rules_in_metricsql.py."""

from pathlib import Path

import pytest

from reduse.monitoring.metricsql import metricsql, rules, without_native_histograms
from reduse.yaml_text import read_yaml

RULES = Path(__file__).parents[2] / "prometheus" / "rules"


@pytest.mark.parametrize(
    ("promql", "expected"),
    [
        ("sum(a_count or histogram_count(rate(a{x=')'}[5m])))", "sum(a_count)"),
        ("(a or histogram_fraction(0, 1, b) * histogram_count(b)) / c", "(a) / c"),
        ("histogram_quantile(0.5, a) or b", "histogram_quantile(0.5, a) or b"),
    ],
)
def test_alternatives_for_native_histograms_are_left_out(promql: str, expected: str) -> None:
    assert without_native_histograms(promql) == expected


def test_what_has_no_alternative_is_refused() -> None:
    with pytest.raises(ValueError, match="no alternative"):
        without_native_histograms("histogram_count(a)")


def test_changes_of_gauges_and_counters_are_those_that_prometheus_sees() -> None:
    assert metricsql("delta(a[1m]) > 0") == "delta_prometheus(a[1m]) > 0"
    assert "increase_prometheus(a[5m])" in metricsql("increase(a[5m])")
    # Not of a rate: its window is not the name's.
    assert metricsql("job:http:rate > 1") == "job:http:rate > 1"


@pytest.mark.slow
def test_every_rule_file_has_the_same_rules_with_the_same_words() -> None:
    for file in RULES.glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        before, after = read_yaml(text), read_yaml(rules(text))
        for document in (before, after):
            for group in document["groups"]:
                # What is about native histograms alone has no place there.
                alone = ("histogram_fraction(", "histogram_count(")
                group["rules"] = [rule for rule in group["rules"] if not rule["expr"].startswith(alone)]
                for rule in group["rules"]:
                    del rule["expr"]
        assert after == before
