"""The rules that a test of promtool asks for: the others are computed for each second of it and change nothing."""

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from reduse.yaml_text import read_yaml, write_yaml

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


def copy_with_rules_asked_for(file: Path, folder: Path) -> Path:
    """A copy in `folder` of a file of promtool's tests, beside copies of its rule files without the other rules."""
    document = read_yaml(file.read_text(encoding="utf-8"))
    contents = {name: read_yaml((file.parent / name).read_text(encoding="utf-8")) for name in document["rule_files"]}
    groups = [group for content in contents.values() for group in content["groups"]]
    asked = names_asked_for(document, (rule for group in groups for rule in group["rules"]))
    for group in groups:
        group["rules"] = [rule for rule in group["rules"] if name_of(rule) in asked]
    copy = folder / "tests" / file.name
    copy.parent.mkdir()
    # Not written anew: what YAML reads as a number is a series of values to promtool.
    shutil.copyfile(file, copy)
    for name, content in contents.items():
        target = copy.parent / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(write_yaml(content), encoding="utf-8")
    return copy


def name_of(rule: Rule) -> str:
    return str(rule.get("record") or rule["alert"])


def _expressions(document: Mapping[str, Any]) -> Iterator[str]:
    for test in document["tests"]:
        for entry in test.get("alert_rule_test", ()):
            yield entry["alertname"]
        for entry in test.get("promql_expr_test", ()):
            yield entry["expr"]
