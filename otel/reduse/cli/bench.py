"""Measure, and print the figures."""

import os
import subprocess
import sys
from enum import Enum
from typing import Annotated

import typer

from reduse.cli.options import AsJson
from reduse.operation import access
from reduse.settings.stack import load_settings

app = typer.Typer(help="Measure, and print the figures.", no_args_is_help=True)


class Through(Enum):
    """Where users are invented."""

    AGENT = "agent"
    SERVICE = "service"


@app.command()
def freshness(
    seconds: Annotated[int, typer.Option(min=5, max=600, help="How long to send requests, in seconds.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Measure the time from a request to its value in a Prometheus query, on the running stack."""
    settings = load_settings()
    with access.store(settings) as client:
        client.query("vector(1)")
    command = [sys.executable, "-m", "benchmarks.freshness", "--seconds", str(seconds)]
    finished = subprocess.run([*command, *(["--json"] if as_json else [])], cwd=settings.root, check=False)
    raise typer.Exit(finished.returncode)


@app.command()
def console(
    viewers: Annotated[int, typer.Option(min=1, max=60, help="How many look at once.")] = 1,
    seconds: Annotated[int, typer.Option(min=5, max=600, help="How long is measured.")] = 60,
    as_json: AsJson = False,
) -> None:
    """Measure the CPU time of the running stack's console while sixty panels are looked at."""
    command = [sys.executable, "-m", "benchmarks.console", f"--viewers={viewers}", f"--seconds={seconds}"]
    finished = subprocess.run([*command, *(["--json"] if as_json else [])], cwd=load_settings().root, check=False)
    raise typer.Exit(finished.returncode)


@app.command()
def scaling(
    users: Annotated[int, typer.Option(min=20, help="Number of users; one in twenty is in each export.")] = 1_000_000,
    seconds: Annotated[int, typer.Option(min=1, max=600, help="Seconds of event time to send in each pass.")] = 60,
    latency_seconds: Annotated[
        int, typer.Option(min=6, max=600, help="How long to measure latencies, in seconds.")
    ] = 30,
    rounds: Annotated[
        int,
        typer.Option(min=1, help="Rounds of all passes; results are medians, those of the broker from the last round."),
    ] = 2,
    as_json: AsJson = False,
) -> None:
    """Measure the CPU time of a data point on Kafka and on our own server, and the time until metrics are available.

    Examples: `./reduse bench scaling` · `./reduse bench scaling --users 100000 --seconds 20` · the same with `--json`
    """
    command = [sys.executable, "-m", "benchmarks.scaling"]
    options = [
        f"--users={users}",
        f"--seconds={seconds}",
        f"--latency-seconds={latency_seconds}",
        f"--rounds={rounds}",
    ]
    os.chdir(load_settings().root)
    # In the place of this process: a signal to it is then one to the benchmark, which stops what it has started.
    os.execv(command[0], [*command, *options, *(["--json"] if as_json else [])])  # noqa: S606 - no shell, and no input


@app.command()
def distro(
    seconds: Annotated[int, typer.Option(min=10, help="Maximum time for all rounds, in seconds.")] = 1200,
    rounds: Annotated[int, typer.Option(min=0, help="Maximum number of rounds; 0: until the medians are stable.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Measure the CPU time that instrumentation adds to a request, for ours and for others; needs an idle machine.

    Examples: `./reduse bench distro` · `./reduse bench distro --rounds 5` · `./reduse bench distro --json`
    """
    command = [sys.executable, "-m", "benchmarks.distro", f"--seconds={seconds}", f"--rounds={rounds}"]
    os.chdir(load_settings().root)
    os.execv(command[0], [*command, *(["--json"] if as_json else [])])  # noqa: S606 - as above


@app.command()
def processor(
    seconds: Annotated[int, typer.Option(min=1, help="No round starts after this many seconds.")] = 900,
    rounds: Annotated[int, typer.Option(min=1, help="Maximum number of rounds.")] = 20,
    users: Annotated[int, typer.Option(min=20, help="Number of users; one in twenty is in each export.")] = 1_000_000,
    only: Annotated[list[str] | None, typer.Option(help="Measure only this; can be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure data points per CPU second and memory per user, for the processor and for alternatives.

    Examples: `./reduse bench processor` · `./reduse bench processor --only decode_to_state --only parse_only`
    """
    command = [sys.executable, "-m", "benchmarks.processor"]
    options = [
        f"--seconds={seconds}",
        f"--rounds={rounds}",
        f"--users={users}",
        *(f"--only={name}" for name in only or ()),
    ]
    os.chdir(load_settings().root)
    os.execv(command[0], [*command, *options, *(["--json"] if as_json else [])])  # noqa: S606 - as above


@app.command()
def rules(
    services: Annotated[int, typer.Option(min=1, max=1000, help="Number of services, with two instances each.")] = 200,
    interval: Annotated[int, typer.Option(min=1, max=60, help="Export interval of an instance, in seconds.")] = 15,
    days: Annotated[float, typer.Option(min=0, max=3, help="Days for which objectives have been recorded.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Measure the CPU time that a separate Prometheus needs to evaluate all rules for a company of this size.

    Examples: `./reduse bench rules` · `./reduse bench rules --services 20 --days 0.1` · `./reduse bench rules --json`
    """
    command = [sys.executable, "-m", "benchmarks.rules"]
    options = [f"--services={services}", f"--interval={interval}", f"--days={days}"]
    os.chdir(load_settings().root)
    os.execv(command[0], [*command, *options, *(["--json"] if as_json else [])])  # noqa: S606 - as above


@app.command("what-if")
def what_if(
    users: Annotated[int, typer.Option(min=1, help="Number of users.")] = 1_000_000,
    rows: Annotated[int, typer.Option(min=1, help="Number of users with requests in each second.")] = 100_000,
    seconds: Annotated[
        int, typer.Option(min=1, max=3600, help="Recorded seconds; results are scaled to an hour.")
    ] = 360,
    only: Annotated[
        list[str] | None, typer.Option(help="Measure only this, such as `token bucket`; can be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure the CPU time of a replay of the recorded history, including reading, in one thread.

    Examples: `./reduse bench what-if` ·
    `./reduse bench what-if --seconds 3600 --only 'token bucket'` · `./reduse bench what-if --json`
    """
    command = [sys.executable, "-m", "benchmarks.what_if"]
    options = [f"--users={users}", f"--rows={rows}", f"--seconds={seconds}", *(f"--only={name}" for name in only or ())]
    os.chdir(load_settings().root)
    os.execv(command[0], [*command, *options, *(["--json"] if as_json else [])])  # noqa: S606 - as above


@app.command()
def attack(
    users: Annotated[int, typer.Option(min=1, help="Number of users to invent.")] = 10_000_000,
    seconds: Annotated[int, typer.Option(min=1, max=600, help="How long to invent them, in seconds.")] = 60,
    through: Annotated[
        Through, typer.Option(help="Where to invent them; at a service, as many as it answers.")
    ] = Through.AGENT,
    as_json: AsJson = False,
) -> None:
    """Invent users on a stack of its own, and show memory, counts, and that other services are unaffected.

    At its agent, in exports of no real service; or through a service that believes the claims of requests.
    Exit status 1 if a count is not exact. Examples: `./reduse bench attack` ·
    `./reduse bench attack --users 1000000 --seconds 10` · `./reduse bench attack --through service`
    """
    command = [sys.executable, "-m", "benchmarks.attack", f"--users={users}", f"--seconds={seconds}"]
    command.append(f"--through={through.value}")
    os.chdir(load_settings().root)
    os.execv(command[0], [*command, *(["--json"] if as_json else [])])  # noqa: S606 - as above


@app.command()
def outage(
    services: Annotated[int, typer.Option(min=1, max=1000, help="Services that export each second.")] = 100,
    seconds: Annotated[int, typer.Option(min=2, max=6000, help="Length of the outage, in seconds of exports.")] = 600,
    routes: Annotated[int, typer.Option(min=1, help="Routes of each service, of 17 series each.")] = 5,
    queue_bytes: Annotated[
        int | None, typer.Option(min=1, help="Size of the agent's queue; by default as shipped.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a gateway be away from an agent of its own, and show how long it takes until samples are live again.

    The exports of the outage are sent as fast as the agent takes them. Exit status 1 if something that was taken is
    missing. Examples: `./reduse bench outage` · `./reduse bench outage --seconds 3600 --queue-bytes 4294967296`
    """
    command = [sys.executable, "-m", "benchmarks.outage", f"--services={services}", f"--seconds={seconds}"]
    command += [f"--routes={routes}", *([f"--queue-bytes={queue_bytes}"] if queue_bytes else [])]
    os.chdir(load_settings().root)
    os.execv(command[0], [*command, *(["--json"] if as_json else [])])  # noqa: S606 - as above
