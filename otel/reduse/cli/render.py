"""The command that writes what follows from a company's file."""

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reduse.cli.options import AsJson
from reduse.errors import SettingError
from reduse.monitoring import alertmanager, checkout, companies, folder, prometheus_operator, rendering
from reduse.monitoring.folder import Changes
from reduse.settings.stack import Settings, load_settings
from reduse.stack import rendered

app = typer.Typer()

# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?", re.ASCII)
_LABEL_NAME = re.compile(rf"([a-z0-9]([-a-z0-9.]{{0,251}}[a-z0-9])?/)?{_LABEL_VALUE.pattern}", re.ASCII)


class Form(StrEnum):
    """For what the files are: programs that read files, or the Prometheus Operator."""

    FILES = "files"
    OPERATOR = "operator"


@app.command()
def render(
    watch: Annotated[Path | None, typer.Option(help="The company's file; REDUSE_WATCH by default.")] = None,
    to: Annotated[
        Path | None, typer.Option(help="The folder to write to; created if it does not exist.", file_okay=False)
    ] = None,
    form: Annotated[
        Form, typer.Option("--as", help="Write files for each program, or objects for the Prometheus Operator.")
    ] = Form.FILES,
    label: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, a label of the operator's objects; can be repeated.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit status 1 if a file would change.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Generate everything from a company's file: rules, dashboards, Alertmanager and agent files, runbooks, plan.

    Files that this command did not write are never changed. Without --to, the generated files of this checkout are
    written. Examples: `./reduse render --watch watch.yaml --to ~/monitoring` ·
    `./reduse render --to ~/manifests --as operator --label release=prometheus` · `./reduse render --check`
    """
    settings = load_settings()
    file = (watch or settings.watch_file).absolute()
    if to is None:
        made = _checkout(settings, file, check)
    else:
        follows = rendered.follows(settings, file)
        files = (
            prometheus_operator.documents(*follows, dict(map(_label, label or ())))
            if form is Form.OPERATOR
            else rendering.documents(*follows)
        )
        made = folder.changes(to, files) if check else folder.write(to, files)
        for name in ("alertmanager.yml", "alertmanager.yaml"):
            if needed := alertmanager.needed_version(files.get(name, "")):
                typer.echo(f"{name}: {needed}", err=True)
    _tell(made, to or settings.root, check=check, as_json=as_json)
    raise typer.Exit(1 if check and made else 0)


def _checkout(settings: Settings, file: Path, check: bool) -> Changes:
    own = settings.root / "company" / "watch.yaml"
    if file != own:
        raise SettingError(f"the files generated from {file} need a folder: name it with --to.")
    company = companies.load(file)
    if check:
        return checkout.changes(settings.root, company, file, settings.runbooks)[0]
    return checkout.write(settings.root, company, file, settings.runbooks)


def _label(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not (_LABEL_NAME.fullmatch(name) and _LABEL_VALUE.fullmatch(value)):
        raise SettingError(f"--label {text}: must be NAME=VALUE, as for labels of Kubernetes.")
    return name, value


def _tell(made: Changes, folder_told: Path, *, check: bool, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"folder": str(folder_told), **made.as_dict()}, indent=1, ensure_ascii=False))
        return
    for what, names in (
        ("would be written" if check else "written", made.written),
        ("would be removed" if check else "removed", made.removed),
        ("left, as it was changed by hand", made.left),
    ):
        for name in names:
            typer.echo(f"{name} {what}")
    typer.echo(f"{folder_told}: {made.unchanged} files are up to date")
