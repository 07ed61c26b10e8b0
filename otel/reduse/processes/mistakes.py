"""What is wrong between entries that are each right: names, ports, references."""

import difflib
from collections.abc import Collection, Iterator

from reduse.processes.model import Processes
from reduse.processes.own_settings import all_settings
from reduse.processes.references import KINDS, OF_LISTENERS, Reference, found
from reduse.watch.mistakes import Mistake, Path

PIPELINE = frozenset({"agent", "alertmanager", "gateway", "grafana", "load", "processor", "prometheus", "supervisord"})
"""Names of the stack's own processes."""


def find(processes: Processes) -> Iterator[Mistake]:
    yield from _names(processes)
    yield from _ports(processes)
    services = [service.name for service in processes.services]
    for number, command in enumerate(processes.set_up):
        if command.service not in services:
            yield _unknown(("set_up", number, "service"), "service", command.service, services)
    for place, text in processes.texts:
        for reference in found(text):
            yield from _reference(place, reference, processes)


def _names(processes: Processes) -> Iterator[Mistake]:
    taken = dict.fromkeys(PIPELINE, "a part of the pipeline")
    prefixes: dict[str, str] = {}
    for key in ("databases", "brokers", "services"):
        for number, server in enumerate(getattr(processes, key)):
            if server.name in taken:
                yield Mistake(
                    (key, number, "name"), f"`{server.name}` is {taken[server.name]} already", "give it another name"
                )
            taken[server.name] = "another process"
            if server.prefixed in prefixes:
                yield Mistake(
                    (key, number),
                    f"names of its settings and secrets would begin as those of {prefixes[server.prefixed]}",
                    "give it a `prefix`",
                )
            prefixes[server.prefixed] = server.name


def _ports(processes: Processes) -> Iterator[Mistake]:
    taken: dict[int, str] = {}
    for listener in processes.listeners:
        if listener.default in taken:
            yield Mistake(
                (),
                f"port {listener.default} is that of {listener.reference} and of {taken[listener.default]}",
                "give one of them another",
            )
        taken[listener.default] = listener.reference


def _reference(place: Path, reference: Reference, processes: Processes) -> Iterator[Mistake]:
    if reference.kind not in KINDS:
        yield _unknown(place, "reference", reference.kind, KINDS)
    elif reference.kind in OF_LISTENERS:
        listeners = [listener.reference for listener in processes.listeners]
        if reference.name not in listeners:
            yield _unknown(place, "process with a port", reference.name, listeners)
    elif reference.kind == "secret":
        secrets = [*processes.passwords, *(secret.name for secret in processes.secrets)]
        if reference.name not in secrets:
            yield _unknown(place, "secret", reference.name, secrets)
    elif reference.kind == "setting":
        # Of the product's own the stack knows.
        own = [setting.name for setting in all_settings(processes)]
        if reference.name not in own and not reference.name.startswith("REDUSE_LOAD_"):
            yield _unknown(place, "setting of this file", reference.name, own)


def _unknown(place: Path, what: str, name: str, known: Collection[str]) -> Mistake:
    near = difflib.get_close_matches(name, known, n=1)
    there = f"there are {', '.join(sorted(known))}" if known else f"no {what} is in this file"
    return Mistake(place, f"no {what} is called `{name}`", f"did you mean `{near[0]}`" if near else there)
