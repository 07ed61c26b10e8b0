"""Commands about a company's file."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reduse.cli.options import AsJson
from reduse.errors import StackError
from reduse.operation.query import PrometheusClient
from reduse.operation.watching import checking
from reduse.operation.watching.finding import is_well
from reduse.operation.watching.surroundings import Surroundings
from reduse.operation.watching.table import summary, table
from reduse.settings.stack import Settings, load_settings
from reduse.watch import schema as schemas
from reduse.watch.reading import read

app = typer.Typer(
    help="A company's file, watch.yaml: write it, check it, see what a change of it changes.", no_args_is_help=True
)

WatchFile = Annotated[
    Path | None, typer.Option("--watch", help="The company's file; company/watch.yaml of the checkout when not given.")
]


@app.command()
def check(watch: WatchFile = None, as_json: AsJson = False) -> None:
    """Read the file, then try every endpoint, password, right and queue in it, and say what is missing, with the cure.

    Exit status 1 when something is missing, 2 when the file has mistakes. Examples: `./reduse watch check` ·
    `./reduse watch check --watch ~/shop/watch.yaml` · `./reduse watch check --json`
    """
    settings = load_settings()
    file = file_of(settings, watch)
    company = read(file)
    around = Surroundings(file.parent, environment(settings))
    with Console(stderr=True).status("Trying …"):
        try:
            with PrometheusClient.of(settings) as store:
                findings = checking.check(company, around, store)
        except StackError:
            findings = checking.check(company, around, None)
    if as_json:
        typer.echo(json.dumps([finding.as_dict() for finding in findings], indent=1))
    else:
        console = Console()
        console.print(table(findings))
        console.print(summary(findings))
    raise typer.Exit(0 if is_well(findings) else 1)


@app.command()
def schema() -> None:
    """Print the file's JSON Schema, for editors. Example: `./reduse watch schema > watch.schema.json`"""
    typer.echo(schemas.document(), nl=False)


def file_of(settings: Settings, given: Path | None) -> Path:
    """The company's file."""
    return (given or settings.root / "company" / "watch.yaml").absolute()


def environment(settings: Settings) -> dict[str, str]:
    """As the agent has it that `./reduse up` starts."""
    return {"REDUSE_SECRETS_DIR": str(settings.secrets_dir), **os.environ}
