"""`python -m reduse.processor.move`: a stopped processor's state becomes that of workers on Kafka."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from reduse.processor.allocation import keep_freed_memory
from reduse.processor.core.engine import Engine
from reduse.processor.kafka.settings import connection, load
from reduse.processor.kafka.stage import both
from reduse.processor.move.destination import Destination, DestinationError
from reduse.processor.move.mover import Plan, move
from reduse.processor.move.source import SourceError, opened
from reduse.processor.plugins import installed
from reduse.processor.settings import SettingsError

FAILED, BAD_SETTING = 1, 2
_DESCRIPTION = """\
Moves the state of a processor that was ended into Kafka's topics, where workers (python -m reduse.processor.kafka) go
on with it. The folder stays as it is. Kafka, topics and group are those of the settings REDUSE_KAFKA_..., limits and
bounds those of REDUSE_PROCESSOR_..., as workers have them (docs/settings.md; the steps are in docs/scaling.md). A
service is moved as one shard: the users of one that its senders split begin anew in its shards, its counters go on.
"""
_EPILOG = """\
example: what would be moved, then the move
  python -m reduse.processor.move --state-dir /var/lib/reduse/processor --dry-run
  python -m reduse.processor.move --state-dir /var/lib/reduse/processor

Exit status: 0, moved, or with --dry-run it could be; 1, refused or failed, and nothing has changed for workers;
2, an argument or a setting is wrong.
"""


def main() -> None:
    arguments = _arguments(sys.argv[1:])
    try:
        kafka, own = load(os.environ)
        # For a person, as all else that it says.
        logging.basicConfig(level=own.log_level, format="%(message)s")
        keep_freed_memory()
        kinds = installed()
    except SettingsError as error:
        _leave(str(error), BAD_SETTING)
    folder: Path = arguments.state_dir
    _tell(f"reading {folder}")
    try:
        with opened(folder, lambda: Engine(kinds, own.options, own.bounds)) as source:
            destination = Destination(kafka, connection(kafka, own))
            try:
                plan = move(
                    source,
                    destination,
                    kafka,
                    both(kafka, own, kinds),
                    kinds,
                    own.options,
                    dry_run=arguments.dry_run,
                    tell=_tell,
                )
            finally:
                destination.close()
    except (SourceError, DestinationError) as error:
        _leave(str(error), FAILED)
    _print(plan, kafka.group, dry_run=arguments.dry_run, as_json=arguments.json)


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m reduse.processor.move",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--state-dir", type=Path, required=True, metavar="DIR", help="the folder that was REDUSE_PROCESSOR_STATE_DIR"
    )
    parser.add_argument("--dry-run", action="store_true", help="only print what would be moved")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser.parse_args(given)


def _print(plan: Plan, group: str, *, dry_run: bool, as_json: bool) -> None:
    found = plan.as_json()
    if as_json:
        sys.stdout.write(json.dumps({"moved": not dry_run, "group": group, **found}, indent=2) + "\n")
        return
    for each in plan.services:
        sys.stdout.write(
            f"{each.service}: {each.instances} instances, {each.users:,} users, "
            f"to partition {each.exports_partition} of exports and {each.partials_partition} of partials\n"
        )
    sys.stdout.write(
        f"{'would move' if dry_run else 'moved'} {len(plan.services)} services with {found['users']:,} users, "
        f"{found['bytes']:,} bytes in {len(plan.sizes)} partitions, and {plan.payloads} payloads of metrics, "
        f"to the group {group}\n"
    )
    if not dry_run:
        sys.stdout.write(
            "start workers of the group, which continue from this state, and do not start the processor again\n"
        )


def _tell(message: str) -> None:
    sys.stderr.write(f"{message}\n")


def _leave(message: str, status: int) -> NoReturn:
    sys.stderr.write(f"python -m reduse.processor.move: {message}\n")
    sys.exit(status)


if __name__ == "__main__":
    main()
