"""The rules that a test of promtool asks for: the others are computed for each second of it and change nothing."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_:]*")
ANY_OF = re.compile(r'__name__=~"([^"]*)"')

Rule = dict[str, Any]


def names_asked_for(document: Mapping[str, Any], rules: Iterable[Rule]) -> set[str]:
    """Of recorded series and alerts: those that the tests name, and those that these are computed from.

    An expression about `ALERTS` asks for every alert.
    """
    by_name: dict[str, list[Rule]] = {}
    for rule in rules:
        by_name.setdefault(name_of(rule), []).append(rule)
    alerts = {name for name, named in by_name.items() if "alert" in named[0]}

    def named_in(expression: str) -> Iterator[str]:
        names = NAME.findall(expression)
        yield from names
        if "ALERTS" in names:
            yield from alerts
        for pattern in ANY_OF.findall(expression):
            yield from (name for name in by_name if re.fullmatch(pattern, name))

    asked: set[str] = set()
    left = [name for expression in _expressions(document) for name in named_in(expression)]
    while left:
        name = left.pop()
        if name in by_name and name not in asked:
            asked.add(name)
            left += (other for rule in by_name[name] for other in named_in(rule["expr"]))
    return asked


def name_of(rule: Rule) -> str:
    return str(rule.get("record") or rule["alert"])


def _expressions(document: Mapping[str, Any]) -> Iterator[str]:
    for test in document["tests"]:
        for entry in test.get("alert_rule_test", ()):
            yield entry["alertname"]
        for entry in test.get("promql_expr_test", ()):
            yield entry["expr"]
