"""Loads a company's file and validates it against the known signals. All code loads it here."""

from collections.abc import Collection, Mapping
from pathlib import Path

from reduse.monitoring.definition import Of
from reduse.monitoring.signals import signals_with_a_row
from reduse.watch import reading
from reduse.watch.company import Company

PARTS = (Of.SERVICE, Of.DATABASE, Of.BROKER)


def signal_names() -> Mapping[str, Collection[str]]:
    """The signals that can be rows of a table, by the kind of part that they are about."""
    return {of.value: tuple(signal.name for signal in signals_with_a_row(of)) for of in PARTS}


def load(file: Path) -> Company:
    """The company of this file.

    Raises:
        WatchError: the file has mistakes, each of which is a line of the message.
        SettingError: it cannot be read.
    """
    return reading.read(file, signal_names())


def parse(text: str, name: str = "watch.yaml") -> Company:
    """The company of this text; `name`: of the file, for messages. Raises WatchError."""
    return reading.parse(text, name, signal_names())
