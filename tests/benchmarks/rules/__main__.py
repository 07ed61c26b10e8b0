"""Measure what the evaluation of all rules costs, for a company of some size."""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from os import kill
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from reduse.monitoring import facts
from reduse.monitoring.origin import Origin
from reduse.watch.company import Company
from tests.behaviours.server import ROOT, Server
from tests.benchmarks.distro.cpu import cpu_nanoseconds
from tests.benchmarks.rules import company
from tests.benchmarks.rules.company import Size
from tests.benchmarks.rules.evaluation import watch
from tests.benchmarks.rules.feeding import Feed
from tests.collector import servers
from tests.collector.configuration import PROMETHEUS, read

RULES = ROOT / "prometheus/rules"
BEFORE_SECONDS = 330
SETTLE_SECONDS = 30


@dataclass(frozen=True)
class Cost:
    """`cores`: seconds of evaluation in a second, in all and by group. `process_cores`: CPU time of Prometheus with
    and without rules. `slowest`: milliseconds of one evaluation, of the rules that take most of a core."""

    series: int
    interval: int
    days: float
    cores: float
    groups: dict[str, float]
    process_cores: float
    process_cores_without_rules: float
    slowest: list[tuple[str, str, float]]


def measure(folder: Path, size: Size, interval: int, days: float, seconds: int, rules: Sequence[Path]) -> Cost:
    configuration: dict[str, Any] = {
        "global": {"evaluation_interval": "5s", "scrape_interval": "5s"},
        "storage": read(PROMETHEUS)["storage"],
    }
    with servers.prometheus(folder, configuration) as store:
        feed = Feed(store.url, size, interval)
        now = float(int(time.time()))
        if days:
            feed.days(days, now - BEFORE_SECONDS)
        feed.before(BEFORE_SECONDS, now)
        feed.before(int(time.time() - now), float(int(time.time())))
        with feed.running():
            without = _process_cores(store, seconds)
            (folder / "company.yaml").write_text(_facts(size), encoding="utf-8")
            configuration["rule_files"] = [*map(str, rules), str(folder / "company.yaml")]
            (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
            kill(store.pid, signal.SIGHUP)
            time.sleep(SETTLE_SECONDS)
            before, began = cpu_nanoseconds(store.pid), time.monotonic()
            cost = watch(store.url, seconds)
            used = (cpu_nanoseconds(store.pid) - before) / 1e9 / (time.monotonic() - began)
    if cost.failures:
        sys.exit(f"rules that could not be evaluated: {dict(cost.failures)}")
    intervals = _intervals(rules)
    by_share = sorted(cost.seconds.items(), key=lambda each: each[1] / intervals.get(each[0][0], 5), reverse=True)
    return Cost(
        feed.series,
        interval,
        days,
        round(sum(cost.cores.values()), 3),
        {name: round(value, 4) for name, value in sorted(cost.cores.items(), key=lambda each: -each[1])},
        round(used, 3),
        round(without, 3),
        [(group, name, round(1000 * value, 1)) for (group, name, _), value in by_share[:25]],
    )


def _process_cores(store: Server, seconds: int) -> float:
    before, began = cpu_nanoseconds(store.pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_nanoseconds(store.pid) - before) / 1e9 / (time.monotonic() - began)


def _intervals(rules: Sequence[Path]) -> dict[str, float]:
    groups = [group for path in rules for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]]
    units = {"s": 1, "m": 60}
    return {
        group["name"]: int(group["interval"][:-1]) * units[group["interval"][-1]]
        for group in groups
        if "interval" in group
    }


def _facts(size: Size) -> str:
    """What the company's file says of its services."""
    document = {
        "company": "Measured",
        "services": [
            {
                "namespace": company.NAMESPACE,
                "name": company.service(number),
                "objectives": [
                    {"goal": "availability", "target": "99.5%"},
                    {"goal": "latency", "target": "99%", "threshold": "500ms"},
                ],
            }
            for number in range(size.services)
        ],
    }
    return facts.document(Company.model_validate(document), Origin("the benchmark"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, default=200)
    parser.add_argument("--interval", type=int, default=15, help="seconds between two exports of a process")
    parser.add_argument("--days", type=float, default=3.0, help="for which objectives have been recorded before")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--rules", type=Path, default=RULES)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if shutil.which("prometheus") is None:
        sys.exit("no prometheus on PATH: install the package prometheus.")
    rules = sorted(options.rules.glob("*.yaml"))
    with tempfile.TemporaryDirectory() as folder, Console(stderr=True).status("Measuring …"):
        size = Size(options.services)
        cost = measure(Path(folder), size, options.interval, options.days, options.seconds, rules)
    if options.json:
        sys.stdout.write(json.dumps(asdict(cost)) + "\n")
        return
    table = Table("group", "cores", title=f"{cost.series} series, an export each {cost.interval} s: {cost.cores} cores")
    for name, value in cost.groups.items():
        table.add_row(name, f"{value:.4f}")
    Console().print(table)


if __name__ == "__main__":
    main()
