"""Ports as settings: which a process listens on, and by which environment variable each is changed."""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from reduse.watch.wrong import refused

Port = Annotated[int, Field(ge=1, le=65_535)]

_PREFIX = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


def _prefix(value: str) -> str:
    if not _PREFIX.fullmatch(value):
        raise refused("is no prefix", "write small letters, digits and underscores, a letter first")
    return value


Prefix = Annotated[str, AfterValidator(_prefix)]
"""What names of settings and of secrets begin with."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A port of a process. `name`: empty for the one that others connect to, else as in `${port:NAME.management}`."""

    process: str
    name: str
    setting: str
    default: int

    @property
    def reference(self) -> str:
        """As it stands in a reference."""
        return f"{self.process}.{self.name}" if self.name else self.process


def prefix_of(name: str) -> str:
    """The prefix that follows from a process's name: `orders-api` gives `orders_api`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
