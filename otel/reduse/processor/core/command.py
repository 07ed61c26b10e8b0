"""What the passing of time asks of the core, as values that can be written down and carried out again."""

from __future__ import annotations

from dataclasses import dataclass

from reduse.processor.core.columns import Stream


@dataclass(frozen=True, slots=True)
class Close:
    """Close the windows of a service through this index; `quiet`: nothing is heard from it any more."""

    service: str
    through: int
    quiet: bool


@dataclass(frozen=True, slots=True)
class Forget:
    """Forget a stream that ended long ago."""

    stream: Stream


@dataclass(frozen=True, slots=True)
class ForgetService:
    """Forget a service and all its streams: it ended long ago, or cannot be gone on with."""

    service: str


@dataclass(frozen=True, slots=True)
class Resume:
    """The process was away until `now`: who was heard when it went counts as heard now, to have time to come back."""

    now: int


Command = Close | Forget | ForgetService | Resume
