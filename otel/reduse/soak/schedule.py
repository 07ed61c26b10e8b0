"""Which fault comes when: follows from the seed alone, so that a seed gives the same faults at the same times again."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TypeVar

# Between the end of a fault and the next one, in seconds: what was away comes back, most of the time.
SHORTEST_PAUSE = 8.0
LONGEST_PAUSE = 25.0

Card = TypeVar("Card")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: what it may hit, and for how long, in seconds. `weight`: how often beside others."""

    name: str
    targets: tuple[str, ...]
    shortest: float
    longest: float
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault to come: `at` and `lasts` in seconds, from the begin of the soak, its pieces put end to end."""

    number: int
    at: float
    kind: str
    target: str
    lasts: float


def schedule(kinds: Sequence[Kind], seed: int, seconds: float) -> tuple[Planned, ...]:
    """All faults that have ended after so many seconds, one after another.

    They are dealt as cards are, so that none is left out for long: each kind as often as it weighs before the next
    deck, and each target of a kind once before any comes again. A longer soak begins as a shorter one does.
    """
    return tuple(takewhile(lambda planned: planned.at + planned.lasts <= seconds, _endless(kinds, seed)))


def _endless(kinds: Sequence[Kind], seed: int) -> Iterator[Planned]:
    chance = random.Random(seed)  # noqa: S311 - to be had again
    targets = {kind.name: _dealt(kind.targets, chance) for kind in kinds}
    at = 0.0
    cards = _dealt([kind for kind in kinds for _ in range(kind.weight)], chance)
    for number, kind in enumerate(cards, 1):
        at += chance.uniform(SHORTEST_PAUSE, LONGEST_PAUSE)
        planned = Planned(number, round(at, 1), kind.name, next(targets[kind.name]), round(_between(kind, chance), 1))
        yield planned
        at = planned.at + planned.lasts


def _between(kind: Kind, chance: random.Random) -> float:
    return chance.uniform(kind.shortest, kind.longest)


def _dealt(cards: Sequence[Card], chance: random.Random) -> Iterator[Card]:
    """Without end, deck by deck; nothing where there is no card."""
    while cards:
        deck = list(cards)
        chance.shuffle(deck)
        yield from deck
