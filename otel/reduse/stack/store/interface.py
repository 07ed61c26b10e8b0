"""What the stack needs of a store, whichever it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reduse.settings.stack import Settings
from reduse.stack.part import Part

Change = Callable[[str], str]
"""Of the text of a rule file."""


@dataclass(frozen=True)
class Address:
    """Where people look at it."""

    title: str
    url: str
    guarded: bool = False


class Store(Protocol):
    """A store of the stack with these settings."""

    title: str
    evaluates: str
    """The process that reads the rules, and reads them again when it gets SIGHUP."""

    def __init__(self, settings: Settings) -> None: ...

    @property
    def url(self) -> str:
        """Where the parts write to it and ask it."""

    @property
    def rules(self) -> Path:
        """The folder of the rule files that it reads."""

    @property
    def addresses(self) -> Sequence[Address]: ...

    @property
    def idle_ports(self) -> frozenset[str]:
        """Names of the settings of ports that nobody listens on with this store."""

    def check(self) -> None:
        """Raise SettingError for settings that it cannot do."""

    def packages(self) -> Mapping[str, Path]:
        """The Debian packages that it needs, each with a program that proves that it is there."""

    def building(self) -> Mapping[str, Callable[[], object]]:
        """What has to be built first, by what is said meanwhile."""

    def write_configuration(self) -> None:
        """All that it reads at its start."""

    def write_rules(self, change: Change) -> None:
        """Its rule files, anew from those of the company, each text changed."""

    def check_written(self) -> None:
        """Let the store's own program read what was written. Raises CommandError with what it says."""

    def parts(self) -> Sequence[Part]: ...
