"""References in commands and environments of the file: `${kind:name}`."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_REFERENCE = re.compile(r"\$\{(\w+):([^}]*)\}")

KINDS = {
    "host": "where a process listens",
    "port": "its port; `NAME.management` and the like for a broker's other ones",
    "address": "host:port",
    "url": "http://host:port",
    "secret": "the path of a secret's file",
    "setting": "the value of a setting",
    "path": "a path below the folder of this file, in full",
}
"""What each kind of reference stands for."""
OF_LISTENERS = frozenset({"host", "port", "address", "url"})


@dataclass(frozen=True, slots=True)
class Reference:
    """`kind`: one of `KINDS`; `name`: of a process, secret, setting, or a path."""

    kind: str
    name: str


def found(text: str) -> Iterator[Reference]:
    """The references in a text, in order."""
    for match in _REFERENCE.finditer(text):
        yield Reference(match[1], match[2])


def replaced(text: str, value: Callable[[Reference], str]) -> str:
    """`text` with what each reference stands for."""
    return _REFERENCE.sub(lambda match: value(Reference(match[1], match[2])), text)
