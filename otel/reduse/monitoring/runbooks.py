"""The runbooks, which stand beside the signals whose alerts they are for."""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

from reduse.monitoring import signals

HEADER = "<!-- Generated from otel/reduse/monitoring/signals by `./reduse render`. Do not edit. -->\n"


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
