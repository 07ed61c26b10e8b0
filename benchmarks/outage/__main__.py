"""`./reduse bench outage`: let the gateway be away, and print how long the agent takes to catch up."""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.outage.outage import Outage, outage
from reduse.settings.stack import load_settings
from reduse.stack import collector
from tests.collector import pipeline

NOT_HELD = 1


def main() -> None:
    parser = argparse.ArgumentParser(prog="./reduse bench outage", description=__doc__)
    parser.add_argument("--services", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--routes", type=int, default=5)
    parser.add_argument("--queue-bytes", type=int)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    settings = load_settings()
    otelcol = collector.find(settings) or collector.build(settings)
    with (
        tempfile.TemporaryDirectory() as folder,
        pipeline.running(otelcol, Path(folder), queue_bytes=given.queue_bytes) as running,
    ):
        found = outage(running, given.services, given.seconds, given.routes)
    print(json.dumps(asdict(found) | {"held": found.held}, indent=1) if given.json else shown(found))  # noqa: T201
    sys.exit(0 if found.held else NOT_HELD)


def shown(found: Outage) -> str:
    """The figures, a line each."""
    return "\n".join(
        [
            f"{found.services} services, away for {found.outage_seconds} s of exports",
            f"exports: {found.exports:,}, of which {found.refused:,} were refused by a full queue",
            f"queue at the end of the outage: {found.queued / 2**20:,.1f} of {found.capacity / 2**20:,.0f} MiB",
            f"in real time it would be full after {found.seconds_to_full:,.0f} s",
            f"live again {found.live_after:.1f} s after the gateway is back, then at most {found.age_most:.1f} s old",
            f"caught up {found.caught_up_after:.1f} s after the gateway is back",
            f"samples that were taken and are missing: {found.missing:,}",
            f"totals after it: {'right' if found.last_totals_right else 'wrong'}",
            *(f"  memory of the {part}: {most / 2**20:.0f} MiB" for part, most in sorted(found.memory_most.items())),
        ]
    )


if __name__ == "__main__":
    main()
