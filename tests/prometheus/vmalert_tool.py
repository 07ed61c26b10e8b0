"""promtool's tests of the rules, run as vmalert-tool does: the rules in MetricsQL, on a VictoriaMetrics of its own."""

import re
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from reduse.monitoring.metricsql import rules
from reduse.monitoring.signals.service.process_start import START
from reduse.yaml_text import read_yaml, write_yaml
from tests.prometheus.asked_for import Rule, name_of, names_asked_for

BEGIN = 946_684_800
"""Of the tool's time: the year 2000, in Unix time."""

TOLERANCE = 0.03
"""Of a value: Prometheus extrapolates to the edges of a window, VictoriaMetrics does not."""

_EXPRESSION = re.compile(r'^\s*expr: "(.*)", time: (\S+),\n\s*exp: (.*)\n\s*got: (.*?)\s*\]?$', re.MULTILINE)
_ALERT = re.compile(r"groupname: .*, alertname: (\w+), time: (\S+),")
_SERIES = re.compile(r"(\{[^}]*\}) (\S+?)(?:, |$)")
_GROUP_LABEL = re.compile(r'alertgroup="[^"]*", ')


Group = dict[str, Any]


@dataclass(frozen=True)
class RuleFile:
    """The groups of a file of rules, in MetricsQL."""

    groups: list[Group]

    @classmethod
    def read(cls, path: Path) -> Self:
        return cls(read_yaml(rules(path.read_text(encoding="utf-8")))["groups"])

    @property
    def rules(self) -> Iterator[Rule]:
        return (rule for group in self.groups for rule in group["rules"])


def prepare(file: Path, rule_files: Mapping[str, RuleFile], folder: Path) -> Path:
    """Write a test of promtool as vmalert-tool has it, with the rules that it asks for; `rule_files` by name."""
    text = file.read_text(encoding="utf-8")
    document: dict[str, Any] = read_yaml(text)
    # `0x9` is nine zeros here, and the number nine to YAML.
    as_written: dict[str, Any] = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - strings alone
    names = [Path(rule).name for rule in document["rule_files"]]
    asked = names_asked_for(document, (rule for name in names for rule in rule_files[name].rules))
    order: dict[str, list[str]] = {}
    for name in names:
        groups: list[Group] = []
        for group in rule_files[name].groups:
            parts = _in_parts(group, asked)
            order[group["name"]] = [part["name"] for part in parts]
            groups += parts
        _write(folder / "rules" / name, {"groups": groups})
    first = [part for group in document.get("group_eval_order", []) for part in order[group]]
    document["group_eval_order"] = [*first, *(part for parts in order.values() for part in parts if part not in first)]
    for test, strings in zip(document["tests"], as_written["tests"], strict=True):
        series = strings.get("input_series", [])
        test["input_series"] = [_timed(each) for each in series if "{{" not in each["values"]]
        if "promql_expr_test" in test:
            test["metricsql_expr_test"] = [_expected(each) for each in test.pop("promql_expr_test")]
    target = folder / "tests" / file.name
    _write(target, document)
    return target


def _in_parts(group: Group, asked: Collection[str]) -> list[Group]:
    """A group for each run of rules that do not ask for each other.

    What a group records is seen when it is over, so a rule that asks for one before it would see the last time's.
    """
    chunks = _independent(rule for rule in group["rules"] if name_of(rule) in asked)
    return [
        group | {"name": f"{group['name']} {number}", "rules": chunk} for number, chunk in enumerate(chunks) if chunk
    ]


def differences(tool: Path, test: Path) -> set[tuple[str, str]]:
    """(expression or alert, time) of all that is not as expected: other series, or another value by more than a bit."""
    finished = subprocess.run(
        [tool, test.name],
        cwd=test.parent,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
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


def _independent(group: Iterable[Rule]) -> list[list[Rule]]:
    chunks: list[list[Rule]] = [[]]
    recorded: set[str] = set()
    for rule in group:
        if any(name in rule["expr"] for name in recorded):
            chunks.append([])
            recorded = set()
        chunks[-1].append(rule)
        recorded |= {rule["record"]} if "record" in rule else set()
    return chunks


def _write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(write_yaml(document, sort_keys=False), encoding="utf-8")
