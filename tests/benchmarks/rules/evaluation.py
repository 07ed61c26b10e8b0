"""What the evaluation of rules costs, as Prometheus says of itself."""

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import httpx


@dataclass(frozen=True)
class Evaluation:
    """`cores`: seconds of evaluation in a second, by group; `seconds`: of one evaluation, by group, rule and number of
    the rule in its group. `failures`: rules that could not be evaluated, with the reason."""

    cores: Mapping[str, float]
    seconds: Mapping[tuple[str, str, int], float]
    failures: Mapping[str, str]


def watch(url: str, seconds: float) -> Evaluation:
    """The means of all evaluations of so many seconds."""
    groups: dict[tuple[str, float], dict[str, float]] = defaultdict(dict)
    rules: dict[tuple[str, str, int], dict[str, float]] = defaultdict(dict)
    failures = {}
    end = time.monotonic() + seconds
    with httpx.Client(base_url=url, timeout=30) as client:
        while time.monotonic() < end:
            for group in client.get("/api/v1/rules").json()["data"]["groups"]:
                groups[group["name"], group["interval"]][group["lastEvaluation"]] = group["evaluationTime"]
                for number, rule in enumerate(group["rules"]):
                    key = group["name"], rule["name"], number
                    rules[key][rule["lastEvaluation"]] = rule["evaluationTime"]
                    if rule["health"] == "err":
                        failures[rule["name"]] = rule["lastError"]
            time.sleep(0.5)
    return Evaluation(
        {name: _mean(seen) / interval for (name, interval), seen in groups.items()},
        {key: _mean(seen) for key, seen in rules.items()},
        failures,
    )


def _mean(seen: Mapping[str, float]) -> float:
    # Before the first evaluation there is a time of nothing.
    known = [value for at, value in seen.items() if not at.startswith("0001")]
    return sum(known) / len(known) if known else 0.0
