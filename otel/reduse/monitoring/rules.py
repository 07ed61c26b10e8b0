"""The rule files, which are the same for every company, generated from the signals."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from reduse.monitoring import ages, runbooks
from reduse.monitoring.definition import Alert, Group, Rule, Signal
from reduse.monitoring.groups import interval
from reduse.monitoring.signals import all_signals
from reduse.yaml_text import Dumper

HEADER = """\
# Generated from otel/reduse/monitoring/signals by `./reduse render`. Do not edit: each signal has a file there, which
# also explains its rules.
"""


def documents(signals: Iterable[Signal] | None = None, services: int = 0) -> Mapping[str, str]:
    """The text of each rule file by its name without `.yaml`, for a company with this number of services.

    Raises:
        ValueError: a group is in two files, or has two intervals.
    """
    chosen = all_signals() if signals is None else tuple(signals)
    groups: dict[Group, list[Rule | Alert]] = {}
    for ruled in (ages.rules(chosen), *(ruled for signal in chosen for ruled in signal.rules)):
        groups.setdefault(ruled.group, []).extend(ruled.rules)
    names = [group.name for group in groups]
    if len(set(names)) < len(names):
        raise ValueError(f"a group of rules is said in two ways: {sorted(names)}")
    files: dict[str, list[dict[str, Any]]] = {}
    for group, rules in groups.items():
        files.setdefault(group.file, []).append(_group(group, rules, services))
    return {file: document(told) for file, told in files.items()}


def document(groups: list[dict[str, Any]], header: str = HEADER) -> str:
    """The text of a rule file with these groups."""
    return header + yaml.dump({"groups": groups}, Dumper=_Dumper, sort_keys=False, width=100_000, allow_unicode=True)


def _group(group: Group, rules: Iterable[Rule | Alert], services: int) -> dict[str, Any]:
    own = interval(group, services)
    return {"name": group.name, **({"interval": own} if own else {}), "rules": [rule_entry(rule) for rule in rules]}


def rule_entry(rule: Rule | Alert) -> dict[str, Any]:
    """A rule as an entry of a rule file."""
    if isinstance(rule, Rule):
        labels = {"labels": dict(rule.labels)} if rule.labels else {}
        return {"record": rule.record, **labels, "expr": rule.expr}
    waits = {key: value for key, value in (("for", rule.wait), ("keep_firing_for", rule.keep)) if value}
    return {
        "alert": rule.name,
        "expr": rule.expr,
        **waits,
        "labels": {"severity": rule.severity, **rule.labels},
        "annotations": {
            "summary": rule.summary,
            "description": rule.description,
            "runbook_url": runbooks.address(rule.name),
            "dashboard": f"/d/{rule.board}",
        },
    }


class _Dumper(Dumper):
    """Writes multi-line text as a block."""


def _text(dumper: Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
