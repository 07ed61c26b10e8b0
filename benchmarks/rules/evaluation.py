"""CPU time that a store takes for one evaluation of each rule.

It is asked for the rules' expressions as often as is needed, at one moment, and its CPU time is read before and after:
so it does not matter whether it had to wait for the CPU. What a question as such costs is taken off.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.distro.cpu import cpu_nanoseconds
from benchmarks.rules.remote_write import course, send, snappy
from reduse import web_client
from reduse.yaml_text import read_yaml

_UNITS = {"s": 1, "m": 60}
_FEWEST, _ENOUGH_SECONDS, _MOST = 2, 0.2, 20


@dataclass(frozen=True)
class RuleOf:
    """A rule of a rule file. `interval`: seconds between two evaluations of its group."""

    group: str
    interval: float
    name: str
    expr: str
    labels: Mapping[str, str]
    recorded: bool


@dataclass(frozen=True)
class Evaluation:
    """`seconds` of CPU time for each evaluation; `samples` that it gave."""

    rule: RuleOf
    seconds: float
    samples: int

    @property
    def cores(self) -> float:
        return self.seconds / self.rule.interval


def rules_of(text: str, default: float) -> Iterator[RuleOf]:
    """Of a rule file; `default`: seconds between two evaluations of a group that does not say it."""
    for group in read_yaml(text)["groups"]:
        said = group.get("interval", "")
        interval = int(said[:-1]) * _UNITS[said[-1]] if said else default
        for rule in group["rules"]:
            name = rule.get("record") or rule["alert"]
            yield RuleOf(group["name"], interval, name, rule["expr"], rule.get("labels", {}), "record" in rule)


class Evaluator:
    """`pid` of the store that listens at `url`; `at`: the moment at which it is asked, Unix seconds."""

    def __init__(self, url: str, pid: int, at: float) -> None:
        self._client = web_client.own(url, timeout=120)
        self._pid = pid
        self._at = at
        self._question = self._spent(RuleOf("", 1, "", "vector(1)", {}, recorded=False))[0]

    def record(self, rules: Sequence[RuleOf]) -> None:
        """Write what the rules record, in their order, so that others find it.

        Raises:
            httpx.HTTPStatusError: the store does not take an expression, or a sample.
        """
        for rule in rules:
            self._write(rule, self._ask(rule))

    def evaluate(self, rule: RuleOf) -> Evaluation:
        """Ask as often as is needed, and write what it records. Raises: as `record`."""
        spent, found = self._spent(rule)
        self._write(rule, found)
        return Evaluation(rule, max(0.0, spent - self._question), len(found))

    def _spent(self, rule: RuleOf) -> tuple[float, list[dict[str, Any]]]:
        """Seconds of CPU time for each time that it is asked, and the answer."""
        before = cpu_nanoseconds(self._pid)
        for times in range(1, _MOST + 1):
            found = self._ask(rule)
            spent = (cpu_nanoseconds(self._pid) - before) / 1e9
            if times >= _FEWEST and spent >= _ENOUGH_SECONDS:
                break
        return spent / times, found

    def _write(self, rule: RuleOf, found: Sequence[dict[str, Any]]) -> None:
        if not rule.recorded or not found:
            return
        labels = ({**each["metric"], **rule.labels, "__name__": rule.name} for each in found)
        values = (float(each["value"][1]) for each in found)
        parts = (course(series, [self._at], [value]) for series, value in zip(labels, values, strict=True))
        send(self._client, iter([snappy(b"".join(parts))]))

    def _ask(self, rule: RuleOf) -> list[dict[str, Any]]:
        answer = self._client.post("/api/v1/query", data={"query": rule.expr, "time": f"{self._at:.3f}"})
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found
