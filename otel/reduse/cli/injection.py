"""The command that makes the folder for applications that were not built with the distro."""

from pathlib import Path
from typing import Annotated

import typer

from reduse.injection import folder
from reduse.injection.targets import ALL
from reduse.settings.stack import load_settings

app = typer.Typer()


@app.command()
def injection(
    to: Annotated[Path, typer.Option(help="The folder that is made; empty or not there.", file_okay=False)],
    target: Annotated[
        list[str] | None, typer.Option(help="Only for such an interpreter; can be given again.", metavar="NAME")
    ] = None,
    checkout: Annotated[
        Path | None, typer.Option(help="Where pyproject.toml and the lock files are; this checkout when not given.")
    ] = None,
) -> None:
    """Make the folder by which the OpenTelemetry operator measures Python applications as they are.

    It has the distro and all that it needs, for each version of Python, processor and C library. Examples:
    `./reduse injection --to ~/injection` · `./reduse injection --to ~/injection --target cpython-312-x86_64-linux-musl`
    """
    known = {each.folder: each for each in ALL}
    if unknown := [name for name in target or () if name not in known]:
        raise typer.BadParameter(f"{unknown[0]} is none of {', '.join(known)}.", param_hint="--target")
    folder.write(checkout or load_settings().root, to, [known[name] for name in target or known])
    typer.echo(f"{to}: PYTHONPATH={to / folder.ENTRY}:{to}")
