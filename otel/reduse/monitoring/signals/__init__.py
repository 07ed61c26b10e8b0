"""The signals: one concept in each file, with its rules, alerts, panels and row.

Every module of this package that has a `SIGNAL` is found; a few modules have none and hold what several signals share.
"""

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import ModuleType

from reduse.monitoring.definition import Of, Signal


@cache
def all_signals() -> tuple[Signal, ...]:
    """Every signal, by what it is about and its rank.

    Raises:
        ValueError: two signals of one kind have one name.
    """
    order = list(Of)
    found = sorted(_found(), key=lambda signal: (order.index(signal.of), signal.rank, signal.name))
    names = [(signal.of, signal.name) for signal in found]
    if len(set(names)) < len(names):
        raise ValueError(f"two signals have one name: {names}")
    return tuple(found)


def signals_with_a_row(of: Of | None = None) -> tuple[Signal, ...]:
    """Those that are rows of a table: of services, databases or brokers, or of all."""
    return tuple(signal for signal in all_signals() if signal.row and of in (None, signal.of))


def _found() -> Iterator[Signal]:
    import reduse.monitoring.signals as package

    for module in _modules(package):
        if hasattr(module, "SIGNAL"):
            yield module.SIGNAL


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for entry in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield import_module(entry.name)
