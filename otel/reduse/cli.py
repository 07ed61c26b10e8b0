"""The command line: `./reduse --help`."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from reduse.recommendation import duration, rendering
from reduse.recommendation.errors import RecommendationError
from reduse.recommendation.policy import Policy, Recommendation
from reduse.recommendation.prometheus import PrometheusReader
from reduse.recommendation.snippets import Limiter, snippet
from reduse.stack import causes, certificates, grafana, leftovers, output
from reduse.stack import check as rows
from reduse.stack import collector as collectors
from reduse.stack import top as live
from reduse.stack import up as bring
from reduse.stack.addresses import without_secrets
from reduse.stack.drill import command as drills
from reduse.stack.errors import StackError
from reduse.stack.query import PrometheusClient
from reduse.stack.security import prometheus_access
from reduse.stack.settings import Settings, load_settings
from reduse.stack.status import LEFT_OVER, status_table, statuses
from reduse.stack.steps import Steps
from reduse.stack.supervision import Supervisor

app = typer.Typer(
    help="RED and USE monitoring for FastAPI, PostgreSQL and RabbitMQ: the whole pipeline on one machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
bench = typer.Typer(help="Measure, and print the figures.", no_args_is_help=True)
app.add_typer(bench, name="bench")

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy", "otel", "services", "load", "tests"),
    ("lint-imports",),
)
NEITHER_SERVER_NOR_SLOW = "not server and not e2e and not slow"
FAST_TESTS = ["-m", NEITHER_SERVER_NOR_SLOW, "--numprocesses", "2", "--dist", "worksteal", "--timeout", "60"]
# More examples of each property than while one works, and who wants the machine alone: tests/conftest.py.
THOROUGH_TESTS = ["--hypothesis-profile", "thorough", "--durations", "25"]
# Each file is one worker's, as its tests share servers. Three workers keep two cores busy: many a test waits.
SHARED_TESTS = ["-m", "not alone", "--numprocesses", "3", "--dist", "loadfile", "--no-loadscope-reorder"]
ALONE_TESTS = ["-m", "alone"]

# Exit status of `recommend` when the answer is that no limit will do.
NO_LIMIT = 3

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]


@app.command()
def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when all is live; `down` stops it.")] = False,
    load: Annotated[bool, typer.Option(help="Send a demonstration load for REDUSE_LOAD_MINUTES.")] = True,
) -> None:
    """Set everything up, start it, wait for live data and show the twelve rows; Ctrl-C stops all.

    Examples: `./reduse up` · `./reduse up --detach --no-load` · `REDUSE_PROMETHEUS_PORT=9190 ./reduse up`
    """
    settings = load_settings()
    console = Console()
    heed_signals()
    supervisor = bring.up(settings, console, load=load)
    show_rows(settings, console)
    show_addresses(settings, console)
    if detach:
        console.print("Running in the background; `./reduse down` stops it.")
        return
    console.print("Running; Ctrl-C stops all.")
    try:
        while supervisor.pid() is not None:
            time.sleep(0.5)
        raise StackError(f"the supervisor ended: see {settings.log_dir / 'supervisord.log'}")
    except KeyboardInterrupt:
        console.print("Stopping …")
    finally:
        supervisor.stop()
    console.print("Stopped.")


@app.command()
def down() -> None:
    """Stop everything that `up` started."""
    console = Console()
    supervisor = Supervisor(load_settings())
    if left := supervisor.leftovers():
        typer.echo(leftovers.told(left))
    with console.status("Stopping …"):
        stopped = supervisor.stop()
    console.print("Stopped." if stopped else "Nothing was running.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show each part: state, process, uptime, restarts. Exit status 1 when one is not running."""
    found = statuses(Supervisor(load_settings()))
    if as_json:
        typer.echo(json.dumps([part.as_dict() for part in found], indent=1))
    elif not found:
        typer.echo("Nothing is running; `./reduse up` starts it.")
    else:
        Console().print(status_table(found))
        if any(part.state == LEFT_OVER for part in found):
            typer.echo("They are left over from a supervisor that was killed; `./reduse down` ends them.")
    raise typer.Exit(0 if found and all(part.healthy for part in found) else 1)


@app.command()
def logs(
    part: Annotated[str, typer.Argument(help="A part, as `./reduse status` names it, or `supervisord`.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it grows.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 50,
) -> None:
    """Print the log of a part. Examples: `./reduse logs mes-api` · `./reduse logs agent -f`"""
    settings = load_settings()
    log = settings.log_dir / f"{part}.log"
    if not log.exists():
        there = ", ".join(sorted(path.stem for path in settings.log_dir.glob("*.log"))) or "none yet"
        raise StackError(f"no log of a part {part!r}. There are: {there}.")
    command = ["tail", "-n", str(lines), *(["-F"] if follow else []), str(log)]
    try:
        raise typer.Exit(subprocess.run(command, check=False).returncode)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


@app.command()
def check(as_json: AsJson = False) -> None:
    """Ask Prometheus for each of the twelve rows, and what explains those that are missing.

    Exit status 1 when one is missing or stale.
    """
    settings = load_settings()
    with PrometheusClient.of(settings) as client:
        now = time.time()
        results = rows.check(client, now)
        found = causes.find(client, settings, now)
    if as_json:
        told = {
            "rows": [result.as_dict() for result in results],
            "alerts": [alert.as_dict() for alert in found.alerts],
            "nothing_stored_for_s": found.silence,
        }
        typer.echo(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        Console().print(rows.table(results))
        for line in found.lines():
            typer.echo(line)
    raise typer.Exit(0 if all(result.passed for result in results) else 1)


@app.command()
def top(
    service: Annotated[str, typer.Option(help="The service whose users are shown.")] = "mes-api",
    once: Annotated[bool, typer.Option("--once", help="Print one table and end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show users by requests a second, with their share, concurrency and the limit that would touch them."""
    with PrometheusClient.of(load_settings()) as client:
        if as_json:
            typer.echo(json.dumps([user.as_dict() for user in live.users(client, service)], indent=1))
        else:
            live.show(client, service, Console(), once=once)


@app.command()
def recommend(
    service: Annotated[str, typer.Option(help="The service, as the label `service` has it.")],
    window: Annotated[str, typer.Option(help="How far to look back: 1m to 7d.")] = "1h",
    touched: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="At most this percentage of active users; 1 when nothing is asked."),
    ] = None,
    rejected: Annotated[
        float | None, typer.Option(min=0, max=100, help="At most this percentage of identified users' requests.")
    ] = None,
    burst: Annotated[float | None, typer.Option(help="Which ladder, by its burst in seconds.")] = None,
    limiter: Annotated[Limiter | None, typer.Option("--snippet", help="Print configuration for it instead.")] = None,
    header: Annotated[str, typer.Option(help="For --snippet: the request header that names a user.")] = "x-api-key",
    as_json: AsJson = False,
) -> None:
    """Show what limits for each user would have done, and recommend the lowest that is mild enough.

    Exit status 1 without data, 2 for a wrong option, 3 when no limit of the ladder will do. See docs/rate-limits.md.

    Examples: `./reduse recommend --service mes-api` ·
    `./reduse recommend --service mes-api --window 6h --touched 5 --rejected 0.1` ·
    `./reduse recommend --service mes-api --snippet nginx > limit.conf`
    """
    length = duration.seconds(window)
    access = prometheus_access(load_settings())
    with PrometheusReader(access.url, access.auth, verify=access.verify) as reader:
        seen = reader.observe(service, window=length, end=int(time.time()), burst=burst)
    made = Recommendation.made(seen, Policy.asked(touched, rejected))
    text = snippet(limiter, seen, made.chosen, header) if limiter and made.chosen else None
    if as_json:
        found = rendering.as_dict(made) | ({"snippet": text} if limiter else {})
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
    elif text is not None:
        typer.echo(text, nl=False)
    else:
        # With a snippet asked for, standard output is for that alone.
        rendering.show(made, Console(stderr=limiter is not None))
    raise typer.Exit(0 if made.chosen else NO_LIMIT)


@app.command()
def report(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file that is written.")] = Path("report.html"),
    window: Annotated[str, typer.Option(help="How far to look back: 1m to 7d.")] = "15m",
    service: Annotated[str, typer.Option(help="The service of the dashboards that show one.")] = "mes-api",
    database: Annotated[str, typer.Option(help="The database likewise.")] = "mes-db",
) -> None:
    """Draw all dashboards from live data into one HTML file, which needs no Grafana and no network.

    Examples: `./reduse report` · `./reduse report --window 6h --service shop-api -o incident.html`
    """
    # Takes longer to import than all other commands to run.
    from reduse.stack.report import command as reports

    length = duration.seconds(window)
    given = {"red": {"job": service}, "databases": {"job": database}, "users": {"service": service}}
    with PrometheusClient.of(load_settings()) as client, Console(stderr=True).status("Asking …") as status:
        drawn = reports.write(client, output, length, given, status.update)
    typer.echo(f"{output}: {drawn} panels with data")


@app.command()
def drill(
    name: Annotated[str, typer.Argument(help="Which fault; none lists them all.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="All, side by side where they can be.")] = False,
    speed: Annotated[
        float, typer.Option(min=1, max=60, help="Windows of the rules are so many times as short meanwhile.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Make a real fault on the running stack, wait for its alert at a webhook, mend it, wait for the end.

    Exit status 1 when an alert did not come or did not go. Examples: `./reduse drill` ·
    `./reduse drill poison-messages` · `./reduse drill --all --speed 10`
    """
    settings = load_settings()
    if not name and not everything:
        Console().print(drills.listed())
        return
    chosen = drills.chosen(name, everything=everything)
    heed_signals()
    with drills.progress(Console(stderr=True)) as told:
        results = drills.run_all(chosen, settings, Supervisor(settings), speed, told)
    if as_json:
        typer.echo(json.dumps([result.as_dict() for result in results], indent=1))
    else:
        Console().print(drills.table(results))
    raise typer.Exit(0 if all(result.passed for result in results) else 1)


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
        otelcol = bring.prepare_collector(settings, steps, collectors.COLLECTOR)
    command = [sys.executable, "-m", "tests.fuzz", f"--otelcol={otelcol}", f"--seconds={seconds}"]
    given = {"prometheus": prometheus, "seed": seed, "store": store}
    chosen = [f"--{name}={value}" for name, value in given.items() if value is not None]
    os.chdir(settings.root)
    os.execv(command[0], [*command, *chosen, *(["--json"] if as_json else [])])  # noqa: S606 - no shell, and no input


@app.command("hash-user")
def hash_user(
    user: Annotated[str, typer.Argument(help="The user id, as the service knows it.", metavar="ID")],
) -> None:
    """Print the pseudonym of a user, as it stands in the label `user`. Example: `./reduse hash-user partner-00001`"""
    from reduse.distro.errors import ConfigurationError
    from reduse.distro.settings import key_in
    from reduse.distro.users.pseudonym import pseudonym

    settings = load_settings()
    key = settings.secrets_dir / "user_hash_key"
    if not key.exists():
        raise StackError(f"{key} is not there yet: `./reduse up` makes it.")
    try:
        typer.echo(pseudonym(key_in(str(key)), user))
    except ConfigurationError as error:
        raise StackError(f"{key}: {error}.") from None


@app.command("certs")
def make_certificates(
    directory: Annotated[Path, typer.Argument(help="Made if it is not there; only its owner may look into it.")],
    host: Annotated[
        list[str] | None, typer.Option(help="A name or address of a machine that parts run on; can be given again.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="For which a new certificate holds.")] = certificates.DAYS,
    renew: Annotated[bool, typer.Option("--renew", help="Make all anew, under the same authority.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a development CA and a certificate for each part; what is there and holds for a month longer is kept.

    Examples: `./reduse certs ~/certificates --host monitoring.example.org --host 192.0.2.10` ·
    `./reduse certs ~/certificates --renew`
    """
    made = certificates.ensure(directory, hosts=host or (), now=datetime.now(UTC), days=days, renew=renew)
    if as_json:
        typer.echo(json.dumps([each.as_dict() for each in made], indent=1))
        return
    for each in made:
        typer.echo(f"{'made' if each.new else 'kept'}  {each.file}  until {each.until:%Y-%m-%d}")


@app.command()
def collector(
    balancer: Annotated[
        bool, typer.Option("--balancer", help="The one that deals users out to several processors.")
    ] = False,
) -> None:
    """Build the collector where there is none yet, and print where it is.

    Examples: `./reduse collector` · `$(./reduse collector --balancer) --config collector-config/balancer.yaml`
    """
    settings = load_settings()
    recipe = collectors.BALANCER if balancer else collectors.COLLECTOR
    # Standard output is for the path alone.
    with Steps(Console(stderr=True)).shown() as steps:
        typer.echo(bring.prepare_collector(settings, steps, recipe))


@app.command("settings")
def show_settings(as_json: AsJson = False) -> None:
    """List the settings: each is an environment variable."""
    settings = load_settings()
    values = {
        f"REDUSE_{name.upper()}": without_secrets(value) if name.endswith("_url") else value
        for name, value in settings.model_dump(mode="json").items()
    }
    if as_json:
        typer.echo(json.dumps(values, indent=1))
    else:
        for name, value in values.items():
            typer.echo(f"{name}={'' if value is None else value}")


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
        with Steps(Console()).shown() as steps:
            environment["REDUSE_OTELCOL"] = str(bring.prepare(settings, steps))
            bring.prepare_collector(settings, steps, collectors.BALANCER)
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
    shared, alone = (tests(*THOROUGH_TESTS, *run) for run in (SHARED_TESTS, ALONE_TESTS))
    if shared:
        complain("The first of the two runs of tests has failed: see its summary above.")
    raise typer.Exit(shared or alone)


@bench.command()
def freshness(
    seconds: Annotated[int, typer.Option(min=5, max=600, help="How long to send requests.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Measure the time from a request to its value in a Prometheus query, on the running stack."""
    settings = load_settings()
    with PrometheusClient.of(settings) as client:
        client.query("vector(1)")
    command = [sys.executable, "-m", "tests.benchmarks.freshness", "--seconds", str(seconds)]
    finished = subprocess.run([*command, *(["--json"] if as_json else [])], cwd=settings.root, check=False)
    raise typer.Exit(finished.returncode)


@bench.command()
def scaling(
    seconds: Annotated[int, typer.Option(min=5, max=600, help="Event time that is sent.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Measure what a data point costs behind the balancer, with three processors."""
    command = [sys.executable, "-m", "tests.benchmarks.scaling", "--seconds", str(seconds)]
    finished = subprocess.run([*command, *(["--json"] if as_json else [])], cwd=load_settings().root, check=False)
    raise typer.Exit(finished.returncode)


@bench.command()
def distro(
    seconds: Annotated[int, typer.Option(min=10, help="The longest time for rounds.")] = 1200,
    rounds: Annotated[int, typer.Option(min=0, help="The most rounds; 0: until the medians are steady.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Measure what instrumentation adds to the CPU time of a request: ours and that of others, on a quiet machine.

    Examples: `./reduse bench distro` · `./reduse bench distro --rounds 5` · `./reduse bench distro --json`
    """
    command = [sys.executable, "-m", "tests.benchmarks.distro", f"--seconds={seconds}", f"--rounds={rounds}"]
    os.chdir(load_settings().root)
    # In the place of this process: a signal to it is then one to the benchmark, which stops its services.
    os.execv(command[0], [*command, *(["--json"] if as_json else [])])  # noqa: S606 - no shell, and no input


@bench.command()
def processor(
    seconds: Annotated[int, typer.Option(min=1, help="No round begins after these.")] = 900,
    rounds: Annotated[int, typer.Option(min=1, help="The most rounds.")] = 20,
    users: Annotated[int, typer.Option(min=20, help="Users in all; a twentieth in each export.")] = 1_000_000,
    only: Annotated[list[str] | None, typer.Option(help="Measure only this; can be given again.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure data points a second of CPU, and memory for each user: the processor's and that of other ways.

    Examples: `./reduse bench processor` · `./reduse bench processor --only decode_to_state --only parse_only`
    """
    command = [sys.executable, "-m", "tests.benchmarks.processor"]
    options = [
        f"--seconds={seconds}",
        f"--rounds={rounds}",
        f"--users={users}",
        *(f"--only={name}" for name in only or ()),
    ]
    os.chdir(load_settings().root)
    os.execv(command[0], [*command, *options, *(["--json"] if as_json else [])])  # noqa: S606 - as above


def show_rows(settings: Settings, console: Console) -> None:
    with PrometheusClient.of(settings) as client:
        console.print(rows.table(rows.check(client, time.time())))


def show_addresses(settings: Settings, console: Console) -> None:
    access = prometheus_access(settings)
    console.print(f"{'Prometheus':<13} {access.url}/graph")
    if access.auth is not None:
        password = escape(str(settings.secrets_dir / "prometheus_password"))
        console.print(f"{'':<13} user {access.auth[0]}, password in {password}")
    for name, port, path in (
        ("Alertmanager", settings.alertmanager_port, ""),
        ("RabbitMQ", settings.broker_management_port, ""),
        ("Shop API", settings.shop_api_port, "/docs"),
        ("CRM API", settings.crm_api_port, "/docs"),
        ("MES API", settings.mes_api_port, "/docs"),
    ):
        console.print(f"{name:<13} http://127.0.0.1:{port}{path}")
    if grafana.program() is None:
        console.print("Grafana       not started: no `grafana` on PATH")
    else:
        console.print(f"Grafana       http://127.0.0.1:{settings.grafana_port}")


def heed_signals() -> None:
    """Clean up at SIGTERM, and at SIGINT too: a job that a script puts into the background starts with it ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)


def interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line; what it cannot do is one message and an exit status, never a traceback."""
    output.prepare()
    try:
        try:
            app(prog_name="reduse")
        finally:
            sys.stdout.flush()
    except (StackError, RecommendationError) as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        output.forget(sys.stdout)
        sys.exit(1)
    except OSError as error:
        output.forget(sys.stdout)
        complain(f"{error.filename or 'the system'}: {error.strerror or error}.")
        sys.exit(1)


def complain(message: str) -> None:
    Console(stderr=True).print(f"[red]reduse:[/] {escape(message)}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
