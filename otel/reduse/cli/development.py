"""Commands for who works on this project: its tests, and odd metrics without end."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reduse.cli.complaint import complain
from reduse.cli.options import AsJson
from reduse.settings.stack import load_settings
from reduse.stack import packages, requirements
from reduse.stack import up as bring
from reduse.stack.kafka import jars
from reduse.stack.steps import Steps

app = typer.Typer()

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy", "otel", "services", "company", "tests"),
    ("lint-imports",),
)
NEITHER_SERVER_NOR_SLOW = "not server and not e2e and not slow"
FAST_TESTS = ["-m", NEITHER_SERVER_NOR_SLOW, "--numprocesses", "2", "--dist", "worksteal", "--timeout", "60"]
# More examples of each property than while one works, and what wants a quiet machine: tests/conftest.py.
THOROUGH_TESTS = ["--hypothesis-profile", "thorough", "--durations", "25"]
# Each file is one worker's, as its tests share servers (tests/scheduling.py). Three workers keep two cores busy; and
# three of those that mostly wait leave one free.
DEALT_OUT = ["--numprocesses", "3", "--dist", "loadfile", "--no-loadscope-reorder"]
BUSY_TESTS = ["-m", "not quiet", *DEALT_OUT]
QUIET_TESTS = ["-m", "quiet", *DEALT_OUT]


@app.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run_tests(
    context: typer.Context,
    fast: Annotated[bool, typer.Option("--fast", help="Only what needs no server.")] = False,
) -> None:
    """Run the checks and the whole test suite, the end-to-end tests on the real parts included.

    What follows goes to pytest. Examples: `./reduse test` · `./reduse test --fast` · `./reduse test tests/e2e -x`
    """
    settings = load_settings()
    environment = dict(os.environ)
    if not fast:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        wanted = packages.PACKAGES | requirements.of_kafka(settings)
        with Steps(Console()).shown() as steps:
            environment["REDUSE_OTELCOL"] = str(bring.prepare(settings, steps, wanted))
            bring.prepare_kafka(settings, steps)
            bring.prepare_tests(settings, steps)

    def status(*command: str) -> int:
        return subprocess.run(command, cwd=settings.root, env=environment, check=False).returncode

    def tests(*options: str) -> int:
        return status(sys.executable, "-m", "pytest", *options)

    # With a choice of tests given, only these are wanted, and one after the other.
    if context.args:
        raise typer.Exit(tests(*(FAST_TESTS if fast else THOROUGH_TESTS), *context.args))
    for check in CHECKS:
        if failed := status(str(Path(sys.executable).parent / check[0]), *check[1:]):
            raise typer.Exit(failed)
    if fast:
        raise typer.Exit(tests(*FAST_TESTS))
    # What fails in the first run is no reason not to know of the second.
    busy, quiet = (tests(*THOROUGH_TESTS, *run) for run in (BUSY_TESTS, QUIET_TESTS))
    if busy:
        complain("The first of the two runs of tests has failed: see its summary above.")
    raise typer.Exit(busy or quiet)


@app.command()
def matrix(
    end: Annotated[
        list[str] | None, typer.Option(help="Only this: `oldest`, `newest`, `today` or `neighbours`.")
    ] = None,
    python: Annotated[list[str] | None, typer.Option(help="Only this Python, such as 3.12.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the distro's tests on the oldest and the newest OpenTelemetry that it takes, on each Python that is found.

    The environments are made in the cache. Exit status 1 when a test fails or `pip check` finds a conflict. Examples:
    `./reduse matrix` · `./reduse matrix --end oldest --python 3.11` · `./reduse matrix --json`
    """
    settings = load_settings()
    command = [sys.executable, "-m", "tests.matrix", f"--cache={settings.cache}"]
    chosen = [*(f"--end={each}" for each in end or ()), *(f"--python={each}" for each in python or ())]
    os.chdir(settings.root)
    os.execv(command[0], [*command, *chosen, *(["--json"] if as_json else [])])  # noqa: S606 - no shell, and no input


@app.command()
def fuzz(
    seconds: Annotated[int, typer.Option(min=5, max=86_400, help="For how long odd metrics are sent.")] = 60,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Send those of that run again; chosen when not given.")
    ] = None,
    prometheus: Annotated[str, typer.Option(help="The program, as `prometheus` or a path.")] = "prometheus",
    store: Annotated[
        str | None, typer.Option(help="REDUSE_STORE of its gateway; by its version when not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send odd and broken metrics beside a service that must not notice, to agent, gateway and Prometheus of its own.

    Exit status 1 when something does not hold; the payloads after which it did not are kept. Examples:
    `./reduse fuzz` · `./reduse fuzz --seconds 600 --seed 7` · `./reduse fuzz --prometheus ~/prometheus-3/prometheus`
    """
    settings = load_settings()
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    with Steps(Console(stderr=True)).shown() as steps:
        otelcol = bring.prepare_collector(settings, steps)
    command = [sys.executable, "-m", "tests.fuzz", f"--otelcol={otelcol}", f"--seconds={seconds}"]
    given = {"prometheus": prometheus, "seed": seed, "store": store}
    chosen = [f"--{name}={value}" for name, value in given.items() if value is not None]
    os.chdir(settings.root)
    os.execv(command[0], [*command, *chosen, *(["--json"] if as_json else [])])  # noqa: S606 - no shell, and no input


@app.command("kafka-lock")
def kafka_lock() -> None:
    """Write `kafka/jars.lock` from what Maven makes of `kafka/pom.xml`: after a change of a version there."""
    settings = load_settings()
    with Steps(Console(stderr=True)).shown() as steps:
        typer.echo(steps.run("Asking Maven for the jars", lambda: jars.lock(settings)))
