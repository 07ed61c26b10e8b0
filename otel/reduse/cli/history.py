"""The command that lists what the history of users' requests has."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from reduse.cli.options import AsJson
from reduse.errors import StackError
from reduse.settings.stack import load_settings

if TYPE_CHECKING:
    from reduse.history.listing import Listing

app = typer.Typer()

_MEBIBYTE = 2**20


@app.command()
def history(
    folders: Annotated[
        list[Path] | None,
        typer.Option(
            "--history", help="Folder of a history; for Kafka's workers, name all. The stack's own by default."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List which services' requests are recorded, from when to when, and the gaps. Exit status 1 if there are none."""
    # Takes longer to import than all the rest.
    from reduse.history.listing import listing

    chosen = folders or load_settings().history_dirs
    try:
        found = listing(chosen)
    except OSError as error:
        raise StackError(f"The history in {error.filename} cannot be read: {error.strerror}.") from None
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=1, ensure_ascii=False))
    else:
        _show(found)
    raise typer.Exit(0 if found.services else 1)


def _show(found: "Listing") -> None:
    from reduse.history.listing import iso

    table = Table("service", "from", "to", "seconds", "policies", "gaps")
    for each in found.services:
        gaps = "; ".join(f"{iso(gap.begin)} to {iso(gap.end)} ({gap.why})" for gap in each.gaps) or "none"
        policies = ", ".join(each.policies)
        table.add_row(each.service, iso(each.begin), iso(each.end), str(each.windows), policies, gaps)
    if found.services:
        Console().print(table)
    typer.echo(f"{found.files} files, {found.size / _MEBIBYTE:.1f} MiB")
    for path, why in found.unreadable.items():
        typer.echo(f"{path} cannot be read: {why}")
