"""The rules that a test of promtool asks for: the others are computed for each second of it and change nothing."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_:]*")

Rule = dict[str, Any]


def names_asked_for(document: Mapping[str, Any], rules: Iterable[Rule]) -> set[str]:
    """Of recorded series and alerts: those that the tests name, and those that these are computed from.

    An expression about `ALERTS` asks for every alert.
    """
    by_name: dict[str, list[Rule]] = {}
    for rule in rules:
        by_name.setdefault(name_of(rule), []).append(rule)
        if "alert" in rule:
            by_name.setdefault("ALERTS", []).append(rule)
    asked: set[str] = set()
    left = [*_named(document)]
    while left:
        name = left.pop()
        if name in asked or name not in by_name:
            continue
        asked.add(name)
        for rule in by_name[name]:
            asked.add(name_of(rule))
            left += NAME.findall(rule["expr"])
    return asked


def name_of(rule: Rule) -> str:
    return str(rule.get("record") or rule["alert"])


def _named(document: Mapping[str, Any]) -> Iterator[str]:
    for test in document["tests"]:
        for entry in test.get("alert_rule_test", ()):
            yield entry["alertname"]
        for entry in test.get("promql_expr_test", ()):
            yield from NAME.findall(entry["expr"])
