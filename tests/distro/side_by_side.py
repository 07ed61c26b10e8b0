"""A program run as it is and under `opentelemetry-instrument`: what it does must be the same."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from tests.distro.service import ROOT, SCRIPTS
from tests.waiting import PATIENCE_SECONDS


@dataclass(frozen=True)
class Ended:
    """How a program has ended: its status, None when it did not in time, and what it wrote."""

    status: int | None
    output: str
    errors: str


def run(command: Sequence[str], variables: dict[str, str], shell: str = '"$@"', seconds: float = 30) -> Ended:
    """Run a command by a line of the shell, which may redirect something; one that does not end is killed."""
    started = subprocess.Popen(
        ["/bin/sh", "-c", f"exec {shell}", "sh", *command],
        env=variables,
        cwd=ROOT,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        output, errors = started.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        started.kill()
        output, errors = started.communicate(timeout=PATIENCE_SECONDS)
        return Ended(None, output, errors)
    return Ended(started.returncode, output, errors)


def plain_and_ours(
    program: Sequence[str], variables: dict[str, str], shell: str = '"$@"', seconds: float = 30
) -> tuple[Ended, Ended]:
    """How a Python program with its arguments ends without us and with us."""
    command = [str(SCRIPTS / "python"), *program]
    plain = run(command, variables, shell, seconds)
    return plain, run([str(SCRIPTS / "opentelemetry-instrument"), *command], variables, shell, seconds)
