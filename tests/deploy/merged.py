"""A collector's configuration as it comes out of several `--config`, and the variables that it reads."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reduse.yaml_text import read_yaml

VARIABLE = re.compile(r"\$\{env:(\w+)(:-[^}]*)?\}")


def merge(base: object, overlay: object) -> object:
    """As the collector does it: maps key by key, all else is replaced."""
    if not isinstance(base, dict) or not isinstance(overlay, dict):
        return overlay
    return base | {key: merge(base[key], value) if key in base else value for key, value in overlay.items()}


def configuration(sources: Sequence[str], files: Mapping[str, Path]) -> dict[str, Any]:
    """`sources` are the values of `--config`; `files` says where the files are that they name."""
    merged: object = {}
    for source in sources:
        merged = merge(merged, _inline(source) if source.startswith("yaml:") else _read(files[source]))
    assert isinstance(merged, dict)
    return merged


def variables(value: object) -> dict[str, bool]:
    """The variables by name, and of each whether it has to be set."""
    found: dict[str, bool] = {}
    for text in _texts(value):
        for name, default in VARIABLE.findall(text):
            found[name] = found.get(name, False) or not default
    return found


def _inline(source: str) -> object:
    """`yaml:a::b: value`, where `::` stands between keys."""
    ((path, value),) = read_yaml(source.removeprefix("yaml:")).items()
    for key in reversed(path.split("::")):
        value = {key: value}
    return value


def _read(path: Path) -> object:
    return read_yaml(path.read_text(encoding="utf-8"))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from _texts(each)
