"""Values, files, ids and durations of a company's file in the syntax of the collector's configuration."""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from reduse.watch.variables import REFERENCE
from reduse.yaml_text import Dumper

# What a component's id may have after its type: `component.ID` takes letters and digits of any script and punctuation.
# `::` would be taken for a path in the configuration, and `/` is left to the id itself.
_NOT_IN_AN_ID = re.compile(r"[^\w.-]+")
_LIKE_A_DIGEST = re.compile(r"-[0-9a-f]{8}\Z")
_LONGEST = 64

# YAML 1.2 has numbers that YAML 1.1, by which PyYAML quotes, takes for text: `1e3`.
_LIKE_A_NUMBER = re.compile(r"[-+.]?[0-9][0-9A-Za-z_.+-]*")
_DURATION = re.compile(r"[0-9]+m?s")

WATCH_FOLDER = "${env:REDUSE_WATCH_DIR:-.}"
"""The folder to which relative paths of a company's file refer; the collector's working folder by default."""


def value(text: str) -> str:
    """`text`, escaped so that the collector reads it literally except for `${env:NAME}` and `${env:NAME:-default}`."""
    return rewritten(
        text, lambda name, default: f"${{env:{name}}}" if default is None else f"${{env:{name}:-{default}}}"
    )


def rewritten(text: str, variable: Callable[[str, str | None], str]) -> str:
    """`text` with its variables by name and default, and all other dollar signs doubled."""
    parts, end = list[str](), 0
    for found in REFERENCE.finditer(text):
        parts += [text[end : found.start()].replace("$", "$$"), variable(found[1], found[2])]
        end = found.end()
    return "".join([*parts, text[end:].replace("$", "$$")])


def file(path: str) -> str:
    """The path of a file that a company's file names.

    A relative one stays relative to a folder that the collector is told when it starts, so that a configuration that
    was moved, or is in a container, still finds it.
    """
    is_absolute = path.startswith("/") or REFERENCE.match(path) is not None
    return value(path) if is_absolute else f"{WATCH_FOLDER}/{value(path)}"


def component(kind: str, name: str) -> str:
    """The id of the component of this kind for a part of this name; different for each name."""
    safe = _NOT_IN_AN_ID.sub("_", name)[:_LONGEST]
    if safe != name or _LIKE_A_DIGEST.search(name):
        safe = f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return f"{kind}/{safe}"


def duration(seconds: float) -> str:
    """A duration in Go's syntax."""
    milliseconds = max(1, round(seconds * 1000))
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def text(configuration: Mapping[str, Any]) -> str:
    """The configuration as a file; empty if there is no configuration."""
    return yaml.dump(configuration, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000)


class _Dumper(Dumper):
    """Quotes texts that a YAML 1.2 reader would take for another type."""


def _string(dumper: Dumper, text: str) -> yaml.ScalarNode:
    quoted = _LIKE_A_NUMBER.fullmatch(text) and not _DURATION.fullmatch(text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'" if quoted else None)


_Dumper.add_representer(str, _string)
