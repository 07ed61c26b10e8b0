"""Names within PromQL, whatever letters they have."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.monitoring.promql import bound, escaped, selector
from reduse.yaml_text import write_yaml

ODD = ("a\\b", 'a"b', "a\nb", "$job", "{x}", "счета", "a,b", "'")


def test_a_name_stays_within_its_quotes() -> None:
    assert selector(job='a\\"$b', le="1") == '{job="a\\\\\\"\\u0024b",le="1"}'


@given(st.text())
def test_no_quote_ends_a_name_and_no_dollar_begins_a_variable(name: str) -> None:
    text = escaped(name)
    assert "$" not in text
    assert "\n" not in text
    assert text.replace("\\\\", "").count('"') == text.replace("\\\\", "").count('\\"')


@pytest.mark.parametrize(
    ("seconds", "label"), [(0.5, "0.5"), (1.0, "1"), (0.00001, "0.00001"), (10, "10"), (0.3, "0.3"), (100, "100")]
)
def test_a_bound_is_written_as_the_bucket_has_it(seconds: float, label: str) -> None:
    assert bound(seconds) == label


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on PATH: install the package prometheus")
def test_prometheus_reads_them_back(tmp_path: Path) -> None:
    """A series of each name is found by a selector, and no other is."""
    rules = [
        {"record": "level:fact:info", "labels": {"job": name}, "expr": f"vector({number})"}
        for number, name in enumerate(ODD)
    ]
    asked = [
        {
            "record": "level:asked:info",
            "labels": {"number": str(number)},
            "expr": f"sum(level:fact:info{selector(job=name)})",
        }
        for number, name in enumerate(ODD)
    ]
    (tmp_path / "rules.yaml").write_text(write_yaml({"groups": [{"name": "g", "rules": rules + asked}]}))
    expected = [
        {
            "expr": f'level:asked:info{{number="{number}"}} == {number}',
            "eval_time": "1m",
            "exp_samples": [{"labels": f'level:asked:info{{number="{number}"}}', "value": number}],
        }
        for number in range(len(ODD))
    ]
    test = {"rule_files": ["rules.yaml"], "tests": [{"promql_expr_test": expected}]}
    (tmp_path / "test.yaml").write_text(write_yaml(test))
    result = subprocess.run(
        ["promtool", "test", "rules", tmp_path / "test.yaml"], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
