"""Commands about a company's file."""

import json
import os
import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from reduse.cli.options import AsJson
from reduse.cli.watch_init import init
from reduse.monitoring import companies
from reduse.operation.access import store
from reduse.operation.watching import checking
from reduse.operation.watching.difference import Difference, differences, texts
from reduse.operation.watching.finding import is_well
from reduse.operation.watching.lookup import Lookup
from reduse.operation.watching.table import summary, table
from reduse.settings.stack import load_settings
from reduse.stack import rendered
from reduse.stack.installation import Installation
from reduse.watch import schema as schemas
from reduse.watch.policies import processor_settings, service_settings

app = typer.Typer(
    help="Write and check a company's file, watch.yaml, and show the effect of changes.", no_args_is_help=True
)
app.command()(init)

WatchFile = Annotated[Path | None, typer.Option("--watch", help="The company's file; REDUSE_WATCH by default.")]

COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@app.command()
def check(watch: WatchFile = None, as_json: AsJson = False) -> None:
    """Check the file, then try every address, password, permission and queue in it, and say how to fix what is wrong.

    Exit status 1 when something is missing, 2 when the file has mistakes. Examples: `./reduse watch check` ·
    `./reduse watch check --watch ~/monitoring/watch.yaml` · `./reduse watch check --json`
    """
    settings = load_settings(watch=watch)
    company = companies.load(settings.watch_file)
    lookup = Lookup(settings.watch_file.parent, environment(Installation.of(settings)))
    with Console(stderr=True).status("Trying …"), store(settings) as asked:
        findings = checking.check(company, lookup, asked)
    if as_json:
        typer.echo(json.dumps([finding.as_dict() for finding in findings], indent=1))
    else:
        console = Console()
        console.print(table(findings))
        console.print(summary(findings))
    raise typer.Exit(0 if is_well(findings) else 1)


@app.command()
def diff(
    watch: WatchFile = None,
    against: Annotated[
        Path | None,
        typer.Option(
            help="Compare with this folder of `./reduse render --to`; by default with the last start of the stack."
        ),
    ] = None,
    stat: Annotated[bool, typer.Option("--stat", help="Print only one line per file.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a change of the file would change in the generated rules, dashboards and notifications.

    Exit status 0 when nothing would, 1 when something would, 2 when the file has mistakes. Examples:
    `./reduse watch diff` · `./reduse watch diff --stat` · `./reduse watch diff --against ~/monitoring`
    """
    settings = load_settings(watch=watch)
    after = rendered.files(settings, settings.watch_file)
    before = texts(against or rendered.of_the_stack(settings), after)
    found = list(differences(before, after))
    if as_json:
        typer.echo(json.dumps([each.as_dict() for each in found], indent=1, ensure_ascii=False))
    else:
        _print(found, whole=not stat)
    raise typer.Exit(1 if found else 0)


@app.command()
def policies(watch: WatchFile = None, as_json: AsJson = False) -> None:
    """Print the settings that follow from the file's policies: of each service, and of the processor.

    What the stack starts has them already. Lines are for a shell. Examples: `./reduse watch policies` ·
    `./reduse watch policies --watch ~/monitoring/watch.yaml` · `./reduse watch policies --json`
    """
    company = companies.load(load_settings(watch=watch).watch_file)
    services = {each.job: found for each in company.services if (found := service_settings(each))}
    processor = processor_settings(company)
    if as_json:
        typer.echo(json.dumps({"services": services, "processor": processor}, indent=1, ensure_ascii=False))
        return
    for name, settings in (*services.items(), *([("the processor", processor)] if processor else [])):
        typer.echo(f"# {name}")
        for setting, text in settings.items():
            typer.echo(f"export {setting}={shlex.quote(text)}")
    if not services:
        typer.echo("# No service has policies.")


@app.command()
def schema() -> None:
    """Print the file's JSON Schema, for editors. Example: `./reduse watch schema > watch.schema.json`"""
    typer.echo(schemas.document(), nl=False)


def environment(installation: Installation) -> dict[str, str]:
    """As the agent has it that `./reduse up` starts for this company."""
    own = installation.environment(installation.processes.agent_environment)
    return {**os.environ, **own, "REDUSE_SECRETS_DIR": str(installation.settings.secrets_dir)}


def _print(found: list[Difference], *, whole: bool) -> None:
    # Colours on a terminal only, and lines as long as they are.
    console = Console(highlight=False)
    if not found:
        console.print("Nothing would change.")
        return
    for difference in found if whole else ():
        for line in difference.lines:
            style = "bold" if line.startswith(("+++", "---")) else COLOURS.get(line[:1], "")
            console.print(Text(line, style), soft_wrap=True)
    # At the end, where it is seen also after many lines.
    for difference in found:
        counted = Text.assemble((f"+{difference.added}", "green"), " ", (f"-{difference.removed}", "red"))
        console.print(Text.assemble(f"{difference.path} ({difference.kind.value}) ", counted), soft_wrap=True)
    console.print(f"Files that would change: {len(found)}.")
