"""The runbooks, which stand beside the signals whose alerts they are for, and the addresses that alerts link to."""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

from reduse.monitoring import signals

HEADER = "<!-- Generated from otel/reduse/monitoring/signals by `./reduse render`. Do not edit. -->\n"

DEFAULT_BASE = "http://127.0.0.1:8090/runbooks"
"""Below this address the console of a stack on its default port serves the runbooks; generated files link there."""


def address(alert: str, base: str = DEFAULT_BASE) -> str:
    """Where the runbook of an alert is. A `*` in `base` stands for the alert's name, which is appended otherwise."""
    return base.replace("*", alert) if "*" in base else f"{base.rstrip('/')}/{alert}"


def at(base: str, text: str) -> str:
    """A generated file whose links to runbooks go to another base address than the default one."""
    if base == DEFAULT_BASE:
        return text
    return re.sub(rf"{re.escape(DEFAULT_BASE)}/(\w+)", lambda found: address(found[1], base), text)


def documents() -> Mapping[str, str]:
    """The text of each runbook, by the name of its alert."""
    found = {file.name.removesuffix(".md"): file for file in _markdown(files(signals))}
    return {name: _with_header(found[name].read_text(encoding="utf-8")) for name in sorted(found)}


def _with_header(text: str) -> str:
    title, _, rest = text.partition("\n")
    return f"{title}\n\n{HEADER}{rest}"


def _markdown(folder: Traversable) -> Iterator[Traversable]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _markdown(entry)
        elif entry.name.endswith(".md"):
            yield entry
