"""A company's file, read with what can be watched known: the only way by which one is loaded."""

import difflib
from collections.abc import Iterator
from pathlib import Path

from reduse.monitoring.definition import Of
from reduse.monitoring.signals import signals_with_a_row
from reduse.watch import reading
from reduse.watch.company import Company
from reduse.watch.mistakes import Mistake, WatchError
from reduse.watch.service import USERS, Service


def signal_names() -> tuple[str, ...]:
    """What may be a row of a table, each name once."""
    return tuple(dict.fromkeys(signal.name for signal in signals_with_a_row()))


def load(file: Path) -> Company:
    """The company of this file.

    Raises:
        WatchError: the file has mistakes, each of which is a line of the message.
        SettingError: it cannot be read.
    """
    return _fitting(reading.read(file, signal_names()), str(file))


def parse(text: str, name: str = "watch.yaml") -> Company:
    """The company of this text; `name`: of the file, for messages. Raises WatchError."""
    return _fitting(reading.parse(text, name, signal_names()), name)


def _fitting(company: Company, name: str) -> Company:
    mistakes = list(_mistakes(company))
    if mistakes:
        raise WatchError(name, mistakes)
    return company


def _mistakes(company: Company) -> Iterator[Mistake]:
    """A signal belongs to one kind of part: a service has no connections of its own."""
    for number, row in enumerate(company.table or ()):
        part = company.part(row.of)
        path = ("table", number, "signal")
        there = sorted(signal.name for signal in signals_with_a_row(Of(part.kind)))
        if row.signal not in there:
            near = difflib.get_close_matches(row.signal, there, n=1)
            right = f"did you mean `{near[0]}`" if near else f"there are {', '.join(there)}"
            yield Mistake(path, f"`{row.signal}` is no signal of a {part.kind}, as {row.of} is", right)
        elif row.signal == USERS and isinstance(part, Service) and not part.users:
            yield Mistake(path, f"the users of {row.of} are not counted", "give that service `users: true`")
