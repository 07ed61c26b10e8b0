"""Commands for developers of this project: its tests, and random metrics."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reduse.cli.complaint import complain
from reduse.cli.options import AsJson
from reduse.settings.stack import Settings, load_settings
from reduse.stack import collector, compiled, packages, requirements
from reduse.stack import up as bring
from reduse.stack.kafka import jars
from reduse.stack.steps import Steps

app = typer.Typer()

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy", "otel", "services", "company", "benchmarks", "behaviours", "tests"),
    ("lint-imports",),
    # No check: what is compiled once, while the type checker takes the other core, no worker has to compile.
    ("python", "-c", compiled.PROGRAM),
)
# What `fast` means. The slowest are shown, so that one that has become slow is seen, and marked.
FAST = "not server and not e2e and not slow and not extended"
FAST_TESTS = ["-m", FAST, "--durations=5", "--durations-min=0.5", "--numprocesses=2", "--dist=loadfile", "--timeout=60"]
# More examples of each property than while one works, and what wants a quiet machine: tests/conftest.py.
THOROUGH_TESTS = ["--hypothesis-profile", "thorough", "--durations", "25"]
# Each file is one worker's, as its tests share servers (tests/scheduling.py).
DEALT_OUT = ["--dist", "loadfile", "--no-loadscope-reorder"]
# Four workers keep two cores busy, as many tests wait for what they have started; and so many of those that mostly wait
# leave one free.
BUSY_TESTS = ["-m", "not quiet and not extended", "--no-skips", "--numprocesses", "4", *DEALT_OUT]
QUIET_TESTS = ["-m", "quiet and not extended", "--no-skips", "--numprocesses", "4", *DEALT_OUT]
# What has a command of its own: `./reduse matrix --end neighbours`.
OF_MATRIX = "tests/distro/test_neighbours.py"
EXTENDED_TESTS = ["-m", "extended", f"--ignore={OF_MATRIX}"]


@app.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run_tests(
    context: typer.Context,
    fast: Annotated[bool, typer.Option("--fast", help="Run only tests that need no server.")] = False,
    extended: Annotated[
        bool,
        typer.Option(
            "--extended",
            help="Run only tests that need Docker's daemon, Prometheus 3 (TEST_PROMETHEUS_3), or many minutes.",
        ),
    ] = False,
) -> None:
    """Run all checks and tests, including the end-to-end tests with the real parts.

    Further arguments are passed to pytest. Examples: `./reduse test` · `./reduse test --fast` ·
    `./reduse test --extended` · `./reduse test tests/e2e -x`
    """
    settings = load_settings()
    environment = environment_of_tests(settings)
    if not fast:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        wanted = packages.PACKAGES | requirements.of_kafka(settings)
        with Steps(Console()).shown() as steps:
            environment["REDUSE_OTELCOL"] = str(bring.prepare(settings, steps, wanted))
            bring.prepare_kafka(settings, steps)
            bring.prepare_tests(settings, steps)

    def tests(*options: str) -> int:
        command = [sys.executable, "-m", "pytest", *options]
        return subprocess.run(command, cwd=settings.root, env=environment, check=False).returncode

    # With a choice of tests given, only these are wanted, and one after the other.
    if context.args:
        raise typer.Exit(tests(*(FAST_TESTS if fast else THOROUGH_TESTS), *context.args))
    if extended:
        raise typer.Exit(tests(*THOROUGH_TESTS, *EXTENDED_TESTS))
    if failed := run_checks(settings.root, environment):
        raise typer.Exit(failed)
    if fast:
        raise typer.Exit(tests(*FAST_TESTS))
    # What fails in the first run is no reason not to know of the second.
    busy, quiet = (tests(*THOROUGH_TESTS, *run) for run in (BUSY_TESTS, QUIET_TESTS))
    if busy:
        complain("The first of the two runs of tests has failed: see its summary above.")
    raise typer.Exit(busy or quiet)


def environment_of_tests(settings: Settings) -> dict[str, str]:
    """This one, in which what is compiled is kept, else each worker and each server would compile all of it again.

    What numba compiles is kept where the stack has it too.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {compiled.VARIABLE: str(compiled.made_once(settings)), **kept}


def run_checks(root: Path, environment: Mapping[str, str]) -> int:
    """All at once, and what each says in the order of the list; the status of the first that fails, or 0."""
    programs = Path(sys.executable).parent

    def run(check: Sequence[str]) -> subprocess.CompletedProcess[str]:
        command = [str(programs / check[0]), *check[1:]]
        return subprocess.run(
            command,
            cwd=root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    with ThreadPoolExecutor(len(CHECKS)) as threads:
        found = list(threads.map(run, CHECKS))
    for each in found:
        typer.echo(each.stdout, nl=False)
    return next((each.returncode for each in found if each.returncode), 0)


@app.command()
def matrix(
    end: Annotated[
        list[str] | None, typer.Option(help="Run only this end: `oldest`, `newest`, `today` or `neighbours`.")
    ] = None,
    python: Annotated[list[str] | None, typer.Option(help="Run only this version of Python, such as 3.12.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the distro's tests with the oldest and newest OpenTelemetry that it supports, on each installed Python.

    The environments are created in the cache. Exit status 1 if a test fails or `pip check` finds a conflict. Examples:
    `./reduse matrix` · `./reduse matrix --end oldest --python 3.11` · `./reduse matrix --json`
    """
    settings = load_settings()
    command = [sys.executable, "-m", "tests.matrix", f"--cache={settings.cache}"]
    chosen = [*(f"--end={each}" for each in end or ()), *(f"--python={each}" for each in python or ())]
    os.chdir(settings.root)
    os.execv(command[0], [*command, *chosen, *(["--json"] if as_json else [])])  # noqa: S606 - no shell, and no input


class FuzzedPort(StrEnum):
    """A port that takes mutated real traffic."""

    AGENT = "agent"
    AGENT_HTTP = "agent-http"
    PROCESSOR = "processor"
    PROCESSOR_HTTP = "processor-http"
    EXPOSITION = "exposition"
    CONSOLE = "console"
    ALL = "all"


@app.command()
def fuzz(
    port: Annotated[
        list[FuzzedPort] | None,
        typer.Option(help="Send mutated real traffic to this port of a part of its own instead; `all`: to each."),
    ] = None,
    payloads: Annotated[
        int | None, typer.Option(min=1, help="With --port: how many to send; without --seconds until all are sent.")
    ] = None,
    seconds: Annotated[
        int | None, typer.Option(min=5, max=86_400, help="How long to send, in seconds; 60 by default.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Repeat the metrics of an earlier run; random by default.")
    ] = None,
    prometheus: Annotated[str, typer.Option(help="The Prometheus program, by name or path.")] = "prometheus",
    store: Annotated[
        str | None, typer.Option(help="REDUSE_STORE of the gateway; by default that of the Prometheus version.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send random and malformed metrics through a separate pipeline; a normal service beside them must not be affected.

    Exit status 1 if a check fails; the payloads that made it fail are kept. Examples:
    `./reduse fuzz` · `./reduse fuzz --seconds 600 --seed 7` · `./reduse fuzz --prometheus ~/prometheus-3/prometheus` ·
    `./reduse fuzz --port processor --payloads 1000000`
    """
    if payloads is not None and not port:
        raise typer.BadParameter("--payloads needs --port")
    settings = load_settings()
    otelcol = None
    if not port or {FuzzedPort.AGENT, FuzzedPort.AGENT_HTTP, FuzzedPort.ALL}.intersection(port):
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        with Steps(Console(stderr=True)).shown() as steps:
            otelcol = bring.prepare_collector(settings, steps)
    if port:
        long = seconds or (None if payloads else 60)
        given = {"payloads": payloads, "seconds": long, "seed": seed}
        chosen = [
            *(f"--port={each.value}" for each in port),
            *(f"--{name}={value}" for name, value in given.items() if value is not None),
        ]
        command = [sys.executable, "-m", "tests.fuzz.ports", *chosen, *(["--json"] if as_json else [])]
        os.chdir(settings.root)
        os.execv(command[0], command)  # noqa: S606 - no shell, and no input
    command = [sys.executable, "-m", "tests.fuzz", f"--otelcol={otelcol}", f"--seconds={seconds or 60}"]
    asked = {"prometheus": prometheus, "seed": seed, "store": store}
    chosen = [f"--{name}={value}" for name, value in asked.items() if value is not None]
    os.chdir(settings.root)
    os.execv(command[0], [*command, *chosen, *(["--json"] if as_json else [])])  # noqa: S606 - no shell, and no input


@app.command("collector-lock")
def collector_lock() -> None:
    """Write `collector/otelcol` with what the collector builder makes of `collector-config/builder.yaml`.

    Needed after a change of that file, or of what a Go module in `collector` requires.
    """
    settings = load_settings()
    with Steps(Console(stderr=True)).shown() as steps:
        typer.echo(steps.run("Asking the collector builder", lambda: collector.lock(settings)))


@app.command("kafka-lock")
def kafka_lock() -> None:
    """Write `kafka/jars.lock` with the jars that Maven resolves from `kafka/pom.xml`; needed after a version change."""
    settings = load_settings()
    with Steps(Console(stderr=True)).shown() as steps:
        typer.echo(steps.run("Asking Maven for the jars", lambda: jars.lock(settings)))
