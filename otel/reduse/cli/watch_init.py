"""The command that writes a company's file for the first time."""

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from reduse.errors import SettingError
from reduse.monitoring import companies
from reduse.operation.access import store as known_store
from reduse.operation.watching import addresses, discovery
from reduse.operation.watching.discovery import Found, FoundBroker, FoundDatabase
from reduse.operation.watching.lookup import Lookup
from reduse.operation.watching.writing import document
from reduse.settings import secret_files
from reduse.settings.stack import Settings, load_settings
from reduse.store.client import StoreClient
from reduse.watch.stores import Broker, Database

Entry = TypeVar("Entry", Database, Broker)

SCHEMA = "docs/watch.schema.json"


def init(
    output: Annotated[Path, typer.Option(help="The file to write; an existing file is never changed.")] = Path(
        "watch.yaml"
    ),
    company: Annotated[str, typer.Option(help="The company's name.")] = "",
    database: Annotated[
        list[str] | None,
        typer.Option(help="[NAME=][USER@]HOST:PORT of a PostgreSQL instance, without a password; can be repeated."),
    ] = None,
    broker: Annotated[
        list[str] | None,
        typer.Option(
            help="[NAME=]http://[USER@]HOST:15672 of RabbitMQ's management API, without a password; can be repeated."
        ),
    ] = None,
    store: Annotated[
        str,
        typer.Option(help="URL of the store that services report to; REDUSE_STORE_URL or the stack's own by default."),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask questions.")] = False,
) -> None:
    """Look at what is running and write a company's file, with comments on further options.

    Each password is read from `secrets/NAME` beside the file; if that does not exist, you are asked for it and it is
    written there. Parts that cannot be reached are written as well, with what to do. Examples: `./reduse watch init` ·
    `./reduse watch init --database orders-db=monitoring@db.example.org:5432 --broker http://broker.example.org:15672` ·
    `./reduse watch init --yes --output ~/monitoring/watch.yaml`
    """
    settings = load_settings()
    file = output.absolute()
    if file.exists() or file.is_symlink():
        raise SettingError(f"{file} already exists: give another --output, or edit it; nothing was written.")
    asking = not yes and sys.stdin.isatty()
    if asking and not company:
        company = typer.prompt("The company's name", default=file.parent.name or "Our company")
    databases, brokers = list(database or ()), list(broker or ())
    if asking and not databases and not brokers:
        databases = _several("PostgreSQL instance, [NAME=][USER@]HOST:PORT")
        brokers = _several("RabbitMQ management API, [NAME=]http://[USER@]HOST:15672")
    found = _found(settings, file, company or "Our company", databases, brokers, store, asking=asking)
    text = document(found, _schema(settings, file))
    # What was found elsewhere may be odd: what is written can be read.
    companies.parse(text, str(file))
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x", encoding="utf-8") as opened:
        opened.write(text)
    _tell(found, file)


def _found(
    settings: Settings,
    file: Path,
    company: str,
    databases: Sequence[str],
    brokers: Sequence[str],
    store: str,
    *,
    asking: bool,
) -> Found:
    lookup = Lookup(file.parent, os.environ)
    entries_of_databases = _entries(databases, addresses.database, [])
    names = [entry.name for entry in entries_of_databases]
    entries_of_brokers = _entries(brokers, addresses.broker, names)
    entries: list[Database | Broker] = [*entries_of_databases, *entries_of_brokers]
    for entry in entries if asking else ():
        _ask_for_password(entry, file.parent)
    with Console(stderr=True).status("Looking …"):
        others = [entry.name for entry in entries]
        with StoreClient(store) if store else known_store(settings) as client:
            services = discovery.of_store(client, others)
        return Found(
            company,
            services,
            [discovery.of_instance(entry, lookup) for entry in entries_of_databases],
            [discovery.of_broker(entry, lookup) for entry in entries_of_brokers],
        )


def _entries(given: Sequence[str], made: Callable[[str, list[str]], Entry], taken: Sequence[str]) -> list[Entry]:
    entries: list[Entry] = []
    for text in given:
        entries.append(made(text, [*taken, *(entry.name for entry in entries)]))
    return entries


def _several(what: str) -> list[str]:
    """Answers until an empty one."""
    ask = partial(typer.prompt, default="", show_default=False)
    answers: list[str] = []
    while answer := str(ask(f"{what} (leave empty to finish)")).strip():
        answers.append(answer)
    return answers


def _ask_for_password(entry: Database | Broker, folder: Path) -> None:
    file = folder / entry.password_file
    if file.exists():
        return
    password = typer.prompt(
        f"Password of {entry.username} for {entry.name}", default="", hide_input=True, show_default=False
    )
    if password:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret_files.write(file, password)


def _schema(settings: Settings, file: Path) -> str:
    """Where an editor finds the schema: in the checkout, which an upgrade keeps up to date."""
    return os.path.relpath(settings.root / SCHEMA, file.parent)


def _tell(found: Found, file: Path) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"Wrote {file}: {len(found.services)} services, {len(found.databases)} databases, "
        f"{len(found.brokers)} brokers.",
        markup=False,
    )
    parts: tuple[FoundDatabase | FoundBroker, ...] = (*found.databases, *found.brokers)
    for part in parts:
        for finding in part.missing:
            console.print(f"{escape(part.entry.name)}: {escape(finding.told)}\n[bold]→[/] {escape(finding.cure)}")
    console.print(f"Next: `./reduse watch check --watch {file}`, then `./reduse up --watch {file}`.", markup=False)
