"""`./reduse bench attack`: invent users on a stack of its own, at its agent or a service, and print what that did."""

import argparse
import functools
import json
import sys
from dataclasses import asdict

from benchmarks.attack.at_agent import at_agent
from benchmarks.attack.attack import Attacked, Way, attack
from benchmarks.attack.through_service import through_service
from tests.e2e.stack import running_stack

NOT_EXACT = 1


def main() -> None:
    parser = argparse.ArgumentParser(prog="./reduse bench attack", description=__doc__)
    parser.add_argument("--users", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--through", choices=["agent", "service"], default="agent")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    print("Starting a stack of its own; the attack takes some minutes.", file=sys.stderr)  # noqa: T201
    way: Way = through_service if given.through == "service" else functools.partial(at_agent, users=given.users)
    with running_stack() as stack:
        found = attack(stack, way, given.seconds)
    print(json.dumps(asdict(found) | {"exact": found.exact}, indent=1) if given.json else shown(found))  # noqa: T201
    sys.exit(0 if found.exact else NOT_EXACT)


def shown(found: Attacked) -> str:
    """The figures, a line each."""
    memory = [
        f"  {part:24}{found.memory_before.get(part, 0) / 2**20:>9.0f}{most / 2**20:>9.0f} MiB"
        for part, most in sorted(found.memory_most.items())
    ]
    lines = [
        f"{found.invented:,} invented users",
        f"sent in {found.sent_seconds:.0f} s, counted after {found.counted_seconds:.0f} s",
        f"requests of the attacked service: {found.counted:,} counted of {found.requests:,}",
        *([] if found.red is None else [f"  by RED: {found.red:,}"]),
        f"its true users: {'exact' if found.top_users_right else 'wrong'} in every second",
        f"requests to the company's services:  {dict(found.innocent_sent)}",
        f"  counted by RED:    {dict(found.innocent.red)}",
        f"  counted by users:  {dict(found.innocent.per_user)}",
        f"  {'memory':24}{'before':>9}{'most':>9}",
        *memory,
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
