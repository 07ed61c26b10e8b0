"""promtool's tests of the rules, run as vmalert-tool does: the rules in MetricsQL, on a VictoriaMetrics of its own."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from reduse import duration
from reduse.monitoring.metricsql import rules
from reduse.monitoring.signals.service.process_start import START
from reduse.yaml_text import read_yaml, write_yaml
from tests.prometheus.asked_for import NAME, Rule, name_of, names_asked_for

BEGIN = 946_684_800
"""Of the tool's time: the year 2000, in Unix time."""

MANY = 150
"""Evaluations: each costs the tool more than the one before it."""

TOLERANCE = 0.03
"""Of a value: Prometheus extrapolates to the edges of a window, VictoriaMetrics does not."""

_EXPRESSION = re.compile(r'^\s*expr: "(.*)", time: (\S+),\n\s*exp: (.*)\n\s*got: (.*?)\s*\]?$', re.MULTILINE)
_ALERT = re.compile(r"groupname: .*, alertname: (\w+), time: (\S+),")
_SERIES = re.compile(r"(\{[^}]*\}) (\S+?)(?:, |$)")
_GROUP_LABEL = re.compile(r'alertgroup="[^"]*", ')


Group = dict[str, Any]


def groups_of(path: Path) -> list[Group]:
    """The groups of a file of rules, in MetricsQL."""
    found: list[Group] = read_yaml(rules(path.read_text(encoding="utf-8")))["groups"]
    return found


def prepare(file: Path, rule_files: Mapping[str, list[Group]], folder: Path, *, longer: bool) -> Path:
    """Write a file of promtool's tests as vmalert-tool has it, with the rules that they ask for.

    `rule_files`: by name; `longer`: those tests that take many evaluations, else the others.
    """
    text = file.read_text(encoding="utf-8")
    document: dict[str, Any] = read_yaml(text)
    # `0x9` is nine zeros here, and the number nine to YAML.
    as_written: dict[str, Any] = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - strings alone
    for test, strings in zip(document["tests"], as_written["tests"], strict=True):
        series = strings.get("input_series", [])
        test["input_series"] = [_timed(each) for each in series if "{{" not in each["values"]]
    document["tests"] = [test for test in document["tests"] if is_longer(test, document) == longer]
    groups = [group for name in document["rule_files"] for group in rule_files[Path(name).name]]
    order = [*document.get("group_eval_order", []), *(group["name"] for group in groups)]
    groups.sort(key=lambda group: order.index(group["name"]))
    ordered = [rule for group in groups for rule in group["rules"]]
    asked = names_asked_for(document, ordered)
    parts = {
        f"part {number}": part
        for number, part in enumerate(in_parts([rule for rule in ordered if name_of(rule) in asked]))
    }
    _write(folder / "rules" / "rules.yaml", {"groups": [{"name": name, "rules": part} for name, part in parts.items()]})
    document |= {"rule_files": ["../rules/rules.yaml"], "group_eval_order": list(parts)}
    for test in document["tests"]:
        if "promql_expr_test" in test:
            test["metricsql_expr_test"] = [_expected(each) for each in test.pop("promql_expr_test")]
    target = folder / "tests" / file.name
    _write(target, document)
    return target


def asks(test: Path, expression: str, time: str) -> bool:
    """Whether a prepared file has this expression, to be evaluated at this time."""
    return any(
        (entry["expr"], _seconds(entry["eval_time"])) == (expression, _seconds(time))
        for each in read_yaml(test.read_text(encoding="utf-8"))["tests"]
        for entry in each.get("metricsql_expr_test", ())
    )


def is_longer(test: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Whether a test of promtool has its rules evaluated many times."""
    times = [entry["eval_time"] for kind in ("alert_rule_test", "promql_expr_test") for entry in test.get(kind, ())]
    return max(map(_seconds, times)) > MANY * _seconds(document["evaluation_interval"])


def _seconds(text: str) -> float:
    """As Prometheus writes it, of several numbers with units: 1h20m."""
    return sum(duration.parse(each) or 0 for each in re.findall(r"\d+[a-z]+", text))


def in_parts(ordered: Sequence[Rule]) -> list[list[Rule]]:
    """The rules in as few groups as see the same: each evaluation of a group costs the tool much, a rule little.

    What a group records is seen when it is over. So a rule is in a later group than those before it that it asks for,
    and not in an earlier one than those before it that ask for it and see what it recorded the last time.
    """
    names, asks = [name_of(rule) for rule in ordered], [set(NAME.findall(rule["expr"])) for rule in ordered]
    place: list[int] = []
    for name, asked in zip(names, asks, strict=True):
        # Those before it.
        others = list(zip(names, asks, place, strict=False))
        later = [at + 1 for other, _, at in others if other in asked]
        not_earlier = [at for _, other_asks, at in others if name in other_asks]
        place.append(max([0, *later, *not_earlier]))
    return [[rule for rule, at in zip(ordered, place, strict=True) if at == number] for number in sorted(set(place))]


def differences(tool: Path, test: Path) -> set[tuple[str, str]]:
    """(expression or alert, time) of all that is not as expected: other series, or another value by more than a bit."""
    finished = subprocess.run(
        [tool, test.name],
        cwd=test.parent,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        # It evaluates one after another: more threads and a small heap only cost it time.
        env=os.environ | {"GOMAXPROCS": "1", "GOGC": "800"},
    )
    said = f"{finished.stdout}\n{finished.stderr}"
    found = set(_ALERT.findall(said))
    for expression, time, expected, got in _EXPRESSION.findall(said):
        if not _alike(_values(expected), _values(_GROUP_LABEL.sub("", got))):
            found.add((expression.replace('\\"', '"'), time))
    assert (finished.returncode == 0) or _EXPRESSION.search(said) or _ALERT.search(said), said
    return found


def _timed(series: dict[str, str]) -> dict[str, str]:
    """promtool's time begins with 1970, that of the tool with 2000: values that are times are as much later."""
    if not series["series"].startswith(START):
        return series
    values = " ".join(map(_later, series["values"].split()))
    return series | {"values": values}


def _later(values: str) -> str:
    """Of one item, as 30x60: so many times the same number."""
    number, *times = values.split("x")
    return "x".join([number if number == "_" else f"{float(number) + BEGIN:.12g}", *times])


def _alike(expected: Mapping[str, float], got: Mapping[str, float]) -> bool:
    return expected.keys() == got.keys() and all(
        abs(got[labels] - value) <= TOLERANCE * abs(value) for labels, value in expected.items()
    )


def _values(text: str) -> dict[str, float]:
    return {labels: float(value) for labels, value in _SERIES.findall(text)}


def _expected(test: dict[str, Any]) -> dict[str, Any]:
    """Functions keep the metric's name here; where none is expected it is taken off."""
    named = any(not str(sample["labels"]).startswith("{") for sample in test.get("exp_samples") or ())
    return test if named else test | {"expr": f"({test['expr']}) + 0"}


def _write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(write_yaml(document, sort_keys=False), encoding="utf-8")
