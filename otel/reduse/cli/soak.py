"""The command that runs the whole stack under load while faults come."""

import json
import secrets
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reduse.cli.options import AsJson
from reduse.cli.signals import heed_signals
from reduse.settings.stack import load_settings
from reduse.stack import up as bring
from reduse.stack.steps import Steps

app = typer.Typer()

DEFAULT_MINUTES = 20.0


@app.command()
def soak(
    hours: Annotated[
        float | None, typer.Option(min=0.01, max=1000, help="Length of the whole soak in hours; 20 minutes by default.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="The same seed gives the same faults again; random by default."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.5, max=120, help="Length of this piece in minutes; by default what is left, at most 120."),
    ] = None,
    state_dir: Annotated[
        Path | None,
        typer.Option(help="Folder of the soak; if it has one, its next piece is run. STATE_DIR/soak-SEED by default."),
    ] = None,
    rate: Annotated[float, typer.Option(min=1, max=1000, help="Requests per second.")] = 20,
    alert_wait: Annotated[
        float, typer.Option(min=0, max=3600, help="Seconds after which no alert may fire any more; 0 to judge none.")
    ] = 600,
    quick: Annotated[bool, typer.Option("--quick", help="Only faults that are over within seconds.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a stack of its own under load while random faults come and go, then compare every count.

    Exit status 1 if a count is not exact and no fault accounts for it, if memory or files grow, or if an alert stays.
    As root, disks are filled and lose what was not written, too; docs/reliability.md has all faults. Examples:
    `./reduse soak --seed 1` · `./reduse soak --hours 8 --seed 1 --minutes 120 --state-dir /var/tmp/soak`, four times
    """
    # It reads histories, which takes longer to import than all other commands to run.
    from reduse.soak import command

    settings = load_settings()
    chosen = secrets.randbelow(2**31) if seed is None else seed
    whole = hours * 3600 if hours is not None else (minutes or DEFAULT_MINUTES) * 60
    wanted = command.Wanted(
        folder=(state_dir or settings.state_dir / f"soak-{chosen}").absolute(),
        seed=chosen,
        seconds=whole,
        piece=minutes * 60 if minutes is not None else None,
        rate=rate,
        alert_seconds=alert_wait,
        quick=quick,
    )
    heed_signals()
    errors = Console(stderr=True)
    with Steps(errors).shown() as steps:
        collector = bring.prepare_collector(settings, steps)
    errors.print(f"Seed {chosen}, in {wanted.folder}", highlight=False)
    report = command.soak(wanted, collector, lambda text: errors.print(text, highlight=False, soft_wrap=True))
    if as_json:
        typer.echo(json.dumps(report.as_dict(), indent=1))
    else:
        typer.echo((wanted.folder / f"{command.REPORT}.md").read_text(encoding="utf-8"), nl=False)
    raise typer.Exit(1 if report.failures else 0)
