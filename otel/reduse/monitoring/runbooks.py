"""The runbooks, which are stored beside the signals, and the addresses that alerts link to."""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

from reduse.monitoring import signals

HEADER = "<!-- Generated from otel/reduse/monitoring/signals by `./reduse render`. Do not edit. -->\n"

DEFAULT_BASE = "http://127.0.0.1:8090/runbooks"
"""Base address of the runbooks in generated files: that of the console on its default port."""


def address(alert: str, base: str = DEFAULT_BASE) -> str:
    """The address of an alert's runbook. The name takes the place of `*` in `base`, or is appended if there is none."""
    return base.replace("*", alert) if "*" in base else f"{base.rstrip('/')}/{alert}"


def at(base: str, text: str) -> str:
    """The text of a generated file, with links to runbooks at this base address instead of the default one."""
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
