"""What is wrong with the file: one line for each mistake, with its place, what is wrong and what would be right."""

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from pydantic_core import ErrorDetails

from reduse.errors import SettingError
from reduse.watch.company import Company
from reduse.watch.service import DURATION_BOUNDS, Goal, Service

Path = tuple[str | int, ...]

# How pydantic names the members of a union in the place of an error.
KINDS_OF_A_UNION = ("constrained-", "dict[", "function-")


@dataclass(frozen=True, slots=True)
class Mistake:
    """`path`: keys and positions from the top of the file; `line`: its line in the file, from 1, where it is known."""

    path: Path
    wrong: str
    right: str
    line: int | None = None

    @property
    def place(self) -> str:
        """The path as people write it: `services[1].objectives[0].target`."""
        place = ""
        for step in self.path:
            place += f"[{step}]" if isinstance(step, int) else f".{step}" if place else step
        return place or "the file"

    def __str__(self) -> str:
        where = f"{self.place} (line {self.line})" if self.line else self.place
        return f"{where}: {self.wrong}; {self.right}."


class WatchError(SettingError):
    """The file cannot be used; the message has a line for each mistake. Exit status 2."""

    def __init__(self, file: str, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join([f"{file} cannot be used:", *(f"  {mistake}" for mistake in self.mistakes)]))


def of_validation(error: ErrorDetails, known: Collection[str]) -> Mistake:
    """What pydantic found. `known`: the keys that may stand at the place of an unknown one."""
    # The kinds of a union are no keys of the file.
    path = tuple(step for step in error["loc"] if not (isinstance(step, str) and step.startswith(KINDS_OF_A_UNION)))
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(path[-1]), known, n=1)
        right = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(sorted(known))}"
        return Mistake(path, "no such key", right.rstrip("?."))
    if error["type"] == "missing":
        return Mistake(path, "is missing", "every such entry needs it")
    told = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return Mistake(path, f"{_shown(error['input'])} {told}", "give another value, or leave the key out")


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "this"
    return f"`{value}`"


def find(company: Company, signals: Collection[str] = ()) -> Iterator[Mistake]:
    """What is wrong between entries that are each right. `signals`: names that a row of the table may have."""
    yield from _names(company)
    for number, service in enumerate(company.services):
        yield from _objectives(("services", number), service)
        yield from _links(("services", number), service, company)
    yield from _notifications(company)
    yield from _rows(company, signals)


def _names(company: Company) -> Iterator[Mistake]:
    """Parts are told apart by the label `job`, and by their names in this file."""
    taken: set[str] = set()
    for key in ("services", "databases", "brokers"):
        for number, part in enumerate(getattr(company, key)):
            if part.job in taken:
                yield Mistake(
                    (key, number, "name"), f"`{part.job}` is taken by another part", "give each part a name of its own"
                )
            taken.add(part.job)


def _objectives(path: Path, service: Service) -> Iterator[Mistake]:
    labels = Counter(objective.label for objective in service.objectives)
    bounds = (*DURATION_BOUNDS, *service.duration_bounds)
    for number, objective in enumerate(service.objectives):
        here = (*path, "objectives", number)
        if labels[objective.label] > 1:
            yield Mistake(here, f"another objective is called `{objective.label}` too", "give one of them a `name`")
        if objective.goal is Goal.AVAILABILITY and objective.threshold is not None:
            yield Mistake((*here, "threshold"), "an availability has no threshold", "leave it out")
        if objective.goal is Goal.LATENCY and objective.threshold is None:
            yield Mistake(here, "a latency needs a `threshold`", "give one of the histogram's bounds, such as 500ms")
        if objective.threshold is not None and objective.threshold not in bounds:
            near = ", ".join(f"{bound:g}s" for bound in bounds)
            yield Mistake(
                (*here, "threshold"),
                f"{objective.threshold:g} s is no bound of the response times' histogram",
                f"take one of {near}, or add it to the service's `duration_bounds`",
            )


def _links(path: Path, service: Service, company: Company) -> Iterator[Mistake]:
    databases = [database.name for database in company.databases]
    for number, name in enumerate(service.uses):
        if name not in databases:
            yield _unknown((*path, "uses", number), "database", name, databases)
    brokers = [broker.name for broker in company.brokers]
    for number, queue in enumerate(service.consumes):
        if queue.broker not in brokers:
            yield _unknown((*path, "consumes", number, "broker"), "broker", queue.broker, brokers)


def _notifications(company: Company) -> Iterator[Mistake]:
    receivers = [receiver.name for receiver in company.receivers]
    for name, count in Counter(receivers).items():
        if count > 1:
            yield Mistake(
                ("receivers", receivers.index(name), "name"), f"`{name}` is there twice", "rename one of them"
            )
    parts = [part.name for part in company.parts]
    for number, notification in enumerate(company.notify):
        if notification.receiver not in receivers:
            yield _unknown(("notify", number, "receiver"), "receiver", notification.receiver, receivers)
        for position, name in enumerate(notification.parts):
            if name not in parts:
                yield _unknown(("notify", number, "parts", position), "part", name, parts)


def _rows(company: Company, signals: Collection[str]) -> Iterator[Mistake]:
    parts = [name for part in company.parts for name in {part.name, part.job}]
    seen: set[tuple[str, str]] = set()
    for number, row in enumerate(company.table or ()):
        if row.of not in parts:
            yield _unknown(("table", number, "of"), "part", row.of, parts)
        if signals and row.signal not in signals:
            yield _unknown(("table", number, "signal"), "signal", row.signal, signals)
        if (row.signal, row.of) in seen:
            yield Mistake(("table", number), f"{row.signal} of {row.of} has a row already", "leave one of them out")
        seen.add((row.signal, row.of))


def _unknown(path: Path, what: str, name: str, known: Collection[str]) -> Mistake:
    near = difflib.get_close_matches(name, known, n=1)
    there = f"there are {', '.join(sorted(known))}" if known else f"no {what} is in this file"
    return Mistake(path, f"no {what} is called `{name}`", f"did you mean `{near[0]}`" if near else there)
