"""What users cost behind the balancer: CPU of the balancer and of its processors for each data point.

Run it with `./reduse bench scaling`.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from reduse.stack.collector import BALANCER, COLLECTOR
from tests.benchmarks.distro.cpu import cpu_nanoseconds
from tests.benchmarks.processor.export_client import ExportClient
from tests.benchmarks.processor.traffic import SECOND, Traffic
from tests.scaling.cluster import Cluster, built

PROCESSORS = ("a", "b", "c")
USERS = 500_000


@dataclass(frozen=True)
class Cost:
    """Microseconds of CPU for each data point."""

    points: int
    balancer_us: float
    processors_us: float


def measure(otelcol: Path, balancer: Path, folder: Path, seconds: int) -> Cost:
    """Send so many seconds of event time, a tenth of the users in each."""
    load = Traffic(USERS, (int(time.time()) - seconds - 10) * SECOND).slice(seconds)
    with Cluster(otelcol, balancer, folder) as cluster:
        processors = [cluster.processor(name) for name in PROCESSORS]
        pids = [processor.process.pid for processor in processors]
        with cluster.balancer(processors) as server, ExportClient(server.port) as client:
            before = cpu_nanoseconds(server.pid), sum(map(cpu_nanoseconds, pids))
            for body in load.bodies:
                client.export(body)
            after = cpu_nanoseconds(server.pid), sum(map(cpu_nanoseconds, pids))
    ours, theirs = ((end - begin) / 1000 / load.points for begin, end in zip(before, after, strict=True))
    return Cost(load.points, round(ours, 2), round(theirs, 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    otelcol, balancer = built(COLLECTOR), built(BALANCER)
    if otelcol is None or balancer is None:
        sys.exit("no collector or no balancer: `./reduse collector` and `./reduse collector --balancer` build them.")
    with tempfile.TemporaryDirectory() as folder, Console(stderr=True).status("Measuring …"):
        cost = measure(otelcol, balancer, Path(folder), options.seconds)
    if options.json:
        sys.stdout.write(json.dumps(asdict(cost)) + "\n")
    else:
        Console().print(
            f"{cost.points} points: {cost.balancer_us} µs of CPU each in the balancer, "
            f"{cost.processors_us} µs in {len(PROCESSORS)} processors"
        )


if __name__ == "__main__":
    main()
