"""Commands that start, stop and show the stack on this machine."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from reduse.cli.options import AsJson
from reduse.cli.signals import heed_signals
from reduse.errors import StackError
from reduse.monitoring import companies
from reduse.monitoring.table import rows as table_rows
from reduse.operation import check as rows
from reduse.operation.access import PASSWORD, STORE_USER, stack_store
from reduse.settings import page
from reduse.settings import table as settings_table
from reduse.settings.stack import Settings, StoreChoice, load_settings, watch_of_a_new_stack
from reduse.stack import console as live_page
from reduse.stack import grafana, leftovers
from reduse.stack import up as bring
from reduse.stack.drill import catalogue
from reduse.stack.drill import command as drills
from reduse.stack.installation import Installation
from reduse.stack.status import LEFT_OVER, status_table, statuses
from reduse.stack.steps import Steps
from reduse.stack.store.chosen import running
from reduse.stack.supervision import Supervisor

app = typer.Typer()


@app.command()
def up(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return when all rows have data; stop with `down`.")
    ] = False,
    load: Annotated[
        bool, typer.Option(help="Send the demonstration load of the company, if it has one, for REDUSE_LOAD_MINUTES.")
    ] = True,
    watch: Annotated[
        Path | None, typer.Option(help="The company's file; overrides REDUSE_WATCH.", metavar="FILE")
    ] = None,
    store: Annotated[
        StoreChoice | None, typer.Option(help="The store for the samples; overrides REDUSE_STORE.")
    ] = None,
    kafka: Annotated[
        bool,
        typer.Option("--kafka", help="Send per-user data through Kafka and start it, too; like REDUSE_KAFKA=true."),
    ] = False,
) -> None:
    """Install and start everything, wait for data and show the rows of the table; Ctrl-C stops it.

    The processes in `processes.yaml` beside the company's file are started, too. Without that file only the monitoring
    is started, and rows get data as soon as the company's own services run: `./reduse check` shows them.

    Examples: `./reduse up` · `./reduse up --watch ~/watch.yaml` · `./reduse up --detach --no-load` ·
    `./reduse up --store victoriametrics` · `./reduse up --kafka` · `REDUSE_PROMETHEUS_PORT=9190 ./reduse up`
    """
    settings = load_settings(watch=watch or watch_of_a_new_stack())
    if store is not None:
        settings = settings.model_copy(update={"store": store})
    if kafka:
        settings = settings.model_copy(update={"kafka": True})
    installation = Installation.of(settings)
    console = Console()
    heed_signals()
    supervisor = bring.up(installation, console, load=load)
    show_rows(settings, console)
    show_addresses(installation, console)
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
    """Stop everything that `./reduse up` started."""
    console = Console()
    supervisor = Supervisor(load_settings())
    if left := supervisor.leftovers():
        typer.echo(leftovers.told(left))
    with console.status("Stopping …"):
        stopped = supervisor.stop()
    console.print("Stopped." if stopped else "Nothing was running.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show the state, process id, uptime and restarts of each part. Exit status 1 if one is not running."""
    found = statuses(Supervisor(load_settings()))
    if as_json:
        typer.echo(json.dumps([part.as_dict() for part in found], indent=1))
    elif not found:
        typer.echo("Nothing is running; `./reduse up` starts it.")
    else:
        Console().print(status_table(found))
        if any(part.state == LEFT_OVER for part in found):
            typer.echo("These processes are left over from a supervisor that was killed; `./reduse down` stops them.")
    raise typer.Exit(0 if found and all(part.healthy for part in found) else 1)


@app.command()
def logs(
    part: Annotated[str, typer.Argument(help="A part, as `./reduse status` names it, or `supervisord`.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new lines.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="Number of lines, from the end.")] = 50,
) -> None:
    """Print the log of a part. Examples: `./reduse logs gateway` · `./reduse logs agent -f`"""
    settings = load_settings()
    log = settings.log_dir / f"{part}.log"
    if not log.exists():
        there = ", ".join(sorted(path.stem for path in settings.log_dir.glob("*.log"))) or "none yet"
        raise StackError(f"there is no log of a part {part!r}. There are: {there}.")
    command = ["tail", "-n", str(lines), *(["-F"] if follow else []), str(log)]
    try:
        raise typer.Exit(subprocess.run(command, check=False).returncode)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


@app.command()
def drill(
    name: Annotated[str, typer.Argument(help="The fault; without it, all faults are listed.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Run all drills, at the same time where possible.")] = False,
    speed: Annotated[
        float, typer.Option(min=1, max=60, help="Shorten the windows of the rules by this factor during the drill.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Cause a real fault in the running stack, wait for its alert, end the fault, and wait until the alert is resolved.

    Exit status 1 if an alert did not come or was not resolved. Examples: `./reduse drill` ·
    `./reduse drill poison-messages` · `./reduse drill --all --speed 10`
    """
    installation = Installation.of(load_settings())
    there = catalogue.drills(installation)
    if not name and not everything:
        Console().print(drills.listed(there))
        return
    chosen = drills.chosen(there, name, everything=everything)
    heed_signals()
    with drills.progress(Console(stderr=True)) as told:
        results = drills.run_all(chosen, installation, Supervisor(installation.settings), speed, told)
    if as_json:
        typer.echo(json.dumps([result.as_dict() for result in results], indent=1))
    else:
        Console().print(drills.table(results))
    raise typer.Exit(0 if all(result.passed for result in results) else 1)


@app.command()
def collector() -> None:
    """Build the collector if it is not built yet, and print its path.

    Examples: `./reduse collector` · `$(./reduse collector) components`
    """
    settings = load_settings()
    # Standard output is for the path alone.
    with Steps(Console(stderr=True)).shown() as steps:
        typer.echo(bring.prepare_collector(settings, steps))


@app.command("settings")
def show_settings(
    as_json: AsJson = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the reference page, without current values.")
    ] = False,
) -> None:
    """List the settings of all parts, each an environment variable, with its current value and where that comes from.

    Examples: `./reduse settings` · `./reduse settings --json` · `./reduse settings --markdown > docs/settings.md`
    """
    installation = Installation.of(load_settings())
    rows = settings_table.table(installation.processes)
    if markdown:
        typer.echo(page.written(rows), nl=False)
        return
    found = settings_table.current(rows, os.environ, {"REDUSE_WATCH": str(installation.settings.watch_file)})
    if as_json:
        typer.echo(json.dumps([each.as_dict() for each in found], indent=1))
        return
    for each in found:
        comes_from = "" if each.source == "default" else f", {each.source}"
        typer.echo(f"{each.setting.name}={each.value or ''}  # {', '.join(each.setting.readers)}{comes_from}")


def show_rows(settings: Settings, console: Console) -> None:
    company = companies.load(settings.watch_file)
    with stack_store(settings) as client:
        console.print(rows.table(rows.check(client, time.time(), table_rows(company))))


def show_addresses(installation: Installation, console: Console) -> None:
    settings = installation.settings
    addresses = running(settings).addresses
    links = [("Alertmanager", f"http://127.0.0.1:{settings.alertmanager_port}")]
    links += [(link.title, installation.resolved(link.url)) for link in installation.processes.links]
    started = grafana.program() is not None
    links.append(
        ("Grafana", f"http://127.0.0.1:{settings.grafana_port}" if started else "not started: no `grafana` on PATH")
    )
    width = max(len(title) for title in [title for title, _ in links] + [address.title for address in addresses])
    for address in addresses:
        console.print(f"{address.title:<{width}}  {address.url}", highlight=False)
        if address.guarded:
            password = escape(str(settings.secrets_dir / PASSWORD))
            console.print(f"{'':<{width}}  user {STORE_USER}, password in {password}", highlight=False)
    for title, url in links:
        console.print(f"{escape(title):<{width}}  {escape(url)}", highlight=False)
    page = live_page.address(settings)
    console.print(f"{page.title:<{width}}  [bold]{page.url}[/]", highlight=False)
    if page.guarded:
        console.print(f"{'':<{width}}  token in {escape(live_page.token_file(settings))}", highlight=False)
