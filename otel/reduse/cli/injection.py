"""The command that creates the folder by which applications without the distro are measured."""

from pathlib import Path
from typing import Annotated

import typer

from reduse.injection import folder
from reduse.injection.targets import ALL
from reduse.settings.stack import load_settings

app = typer.Typer()


@app.command()
def injection(
    to: Annotated[Path, typer.Option(help="The folder to create; it must be empty or not exist.", file_okay=False)],
    target: Annotated[
        list[str] | None, typer.Option(help="Only for this kind of interpreter; can be repeated.", metavar="NAME")
    ] = None,
    checkout: Annotated[
        Path | None, typer.Option(help="Folder with pyproject.toml and the lock files; this checkout by default.")
    ] = None,
) -> None:
    """Create the folder with which the OpenTelemetry operator measures unchanged Python applications.

    It contains the distro and its dependencies for each Python version, CPU architecture and C library. Examples:
    `./reduse injection --to ~/injection` · `./reduse injection --to ~/injection --target cpython-312-x86_64-linux-musl`
    """
    known = {each.folder: each for each in ALL}
    if unknown := [name for name in target or () if name not in known]:
        raise typer.BadParameter(f"{unknown[0]} is none of {', '.join(known)}.", param_hint="--target")
    folder.write(checkout or load_settings().root, to, [known[name] for name in target or known])
    typer.echo(f"{to}: PYTHONPATH={to / folder.ENTRY}:{to}")
