"""What an instrumentation is, and the process that it is given to measure in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from reduse.distro.base.lifecycle import Lifecycle
from reduse.distro.base.settings import Settings
from reduse.distro.base.source import Source
from reduse.distro.sources.users.users import Users

AnySource = TypeVar("AnySource", bound=Source)


class Process(Lifecycle, Protocol):
    """One process: its settings, its life, its users and what it counts."""

    @property
    def settings(self) -> Settings:
        """What the deployment has set."""

    @property
    def users(self) -> Users:
        """Who sends requests."""

    def source(self, make: Callable[["Process"], AnySource]) -> AnySource:
        """The one source of this process that `make` makes: made, and collected from, from the first call on."""


@dataclass(frozen=True, slots=True)
class Instrumentation:
    """Measures one library, or the process itself.

    Args:
        name: under which OTEL_PYTHON_DISABLED_INSTRUMENTATIONS leaves it out; None where nothing does.
        start: puts it in place; called once, before the application is imported, which may never import the library.
        replaces: contrib's instrumentations that measure the same. They run for their spans, where spans are wanted.
        supersedes: those of which ours makes use itself: they never run beside it.
    """

    name: str | None
    start: Callable[[Process], None]
    replaces: frozenset[str] = frozenset()
    supersedes: frozenset[str] = frozenset()
