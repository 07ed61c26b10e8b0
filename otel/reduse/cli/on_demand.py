"""Commands that are imported when they are asked for: to import all of them takes longer than most of them run."""

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

# The module of this package that has each command, in the order of the help.
MODULES = {
    **dict.fromkeys(("up", "down", "status", "logs", "drill", "collector", "settings"), "stack"),
    "soak": "soak",
    **dict.fromkeys(("check", "top", "recommend", "report", "hash-user", "certs"), "operation"),
    "render": "render",
    "injection": "injection",
    **dict.fromkeys(("test", "matrix", "fuzz", "collector-lock", "kafka-lock"), "development"),
    "history": "history",
    "size": "size",
    "what-if": "what_if",
    "bench": "bench",
    "watch": "watch",
}
# Commands with commands of their own, which are all that is in their modules.
GROUPS = ("bench", "watch")
# What commands have of the application that they are part of.
OPTIONS: dict[str, Any] = {"pretty_exceptions_enable": False, "rich_markup_mode": "markdown"}


class _Commands(MutableMapping[str, Any]):
    """By name; to iterate over the names imports nothing."""

    def __init__(self) -> None:
        self._imported: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._imported:
            module = import_module(f"reduse.cli.{MODULES[name]}")
            parent = typer.Typer(**OPTIONS)
            parent.add_typer(module.app, name=name if name in GROUPS else None)
            self._imported |= get_group(parent).commands
        return self._imported[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._imported[name] = command

    def __delitem__(self, name: str) -> None:
        del self._imported[name]

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


class OnDemand(TyperGroup):
    """The group of all commands."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Commands()
