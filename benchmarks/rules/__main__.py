"""Measure what the evaluation of all rules costs, for a company of some size."""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.rules import company
from benchmarks.rules.company import Size
from benchmarks.rules.evaluation import Evaluation, Evaluator, rules_of
from benchmarks.rules.feeding import Feed
from reduse.monitoring.origin import Origin
from reduse.monitoring.rendering import rule_files
from reduse.watch.company import Company
from reduse.yaml_text import write_yaml
from tests.collector.configuration import PROMETHEUS, read
from tests.server import Server

LONGEST_WINDOW_SECONDS = 315
"""Of what services export."""


@dataclass(frozen=True)
class Cost:
    """`cores`: seconds of CPU time in a second, of all rules and by group. `rules`: of those that cost most, with the
    milliseconds of one evaluation."""

    services: int
    series: int
    export_interval: int
    days: float
    cores: float
    groups: dict[str, float]
    rules: list[dict[str, Any]]


def measure(folder: Path, size: Size, interval: int, days: float) -> Cost:
    files = rule_files(_company(size), Origin("the benchmark"))
    default = float(read(PROMETHEUS)["global"]["evaluation_interval"].removesuffix("s"))
    rules = [rule for name in sorted(files) for rule in rules_of(files[name], default)]
    at = float(int(time.time()))
    with _store(folder) as store:
        feed = Feed(store.url, size, interval, at)
        feed.days(days, LONGEST_WINDOW_SECONDS)
        feed.seconds(LONGEST_WINDOW_SECONDS)
        evaluator = Evaluator(store.url, store.pid, at)
        # Before: some read what a later one records.
        evaluator.record(rules)
        found = [evaluator.evaluate(rule) for rule in rules]
    groups: dict[str, float] = defaultdict(float)
    for each in found:
        groups[each.rule.group] += each.cores
    return Cost(
        size.services,
        feed.series,
        interval,
        days,
        round(sum(groups.values()), 4),
        {name: round(value, 4) for name, value in sorted(groups.items(), key=lambda group: -group[1])},
        [_told(each) for each in sorted(found, key=lambda each: -each.cores)[:20]],
    )


def _told(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "group": evaluation.rule.group,
        "rule": evaluation.rule.name,
        "milliseconds": round(1000 * evaluation.seconds, 2),
        "cores": round(evaluation.cores, 4),
        "samples": evaluation.samples,
    }


def _store(folder: Path) -> Server:
    configuration = folder / "prometheus.yml"
    configuration.write_text(write_yaml({"storage": read(PROMETHEUS)["storage"]}), encoding="utf-8")
    command = [
        "prometheus",
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'data'}",
        # Nothing is put into blocks while it is measured.
        "--storage.tsdb.min-block-duration=30d",
        "--storage.tsdb.max-block-duration=30d",
        "--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
        "--log.level=warn",
    ]
    return Server(command, {}, folder / "prometheus.log")


def _company(size: Size) -> Company:
    objectives = [
        {"goal": "availability", "target": "99.5%"},
        {"goal": "latency", "target": "99%", "threshold": "500ms"},
    ]
    services = [
        {
            "namespace": company.NAMESPACE,
            "name": company.service(number),
            "objectives": objectives,
            "users": number < size.counted,
        }
        for number in range(size.services)
    ]
    return Company.model_validate({"company": "Measured", "services": services})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, default=200)
    parser.add_argument("--interval", type=int, default=15, help="seconds between two exports of a process")
    parser.add_argument("--days", type=float, default=3.0, help="for which objectives have been recorded")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if shutil.which("prometheus") is None:
        sys.exit("no prometheus on PATH: install the package prometheus.")
    size = Size(options.services, counted=max(1, options.services // 4))
    with tempfile.TemporaryDirectory() as folder, Console(stderr=True).status("Measuring …"):
        cost = measure(Path(folder), size, options.interval, options.days)
    if options.json:
        sys.stdout.write(json.dumps(asdict(cost)) + "\n")
        return
    title = f"{cost.services} services, {cost.series} series, an export each {cost.export_interval} s"
    table = Table("rule", "group", "ms", "cores", title=f"{title}: {cost.cores} cores")
    for rule in cost.rules:
        table.add_row(rule["rule"], rule["group"], f"{rule['milliseconds']:.1f}", f"{rule['cores']:.4f}")
    Console().print(table)


if __name__ == "__main__":
    main()
