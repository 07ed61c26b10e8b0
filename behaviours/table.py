"""docs/behaviours.md: each behaviour, and whether ours and contrib's metrics have it."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from behaviours.behaviours import BEHAVIOURS, YES
from behaviours.observation import Export, gain
from behaviours.processes import PROCESS_BEHAVIOURS
from behaviours.subject import Subject, service, subjects
from tests.otlp_receiver import OtlpReceiver
from tests.server import ROOT

DOCUMENT = ROOT / "docs" / "behaviours.md"
COMMAND = ".venv/bin/python -m behaviours"

_HEAD = """\
# HTTP metrics: what holds of ours, and of contrib's

Each line is something that must hold of `http.server.request.duration` or `http.server.active_requests` at an OTLP
receiver. It is driven twice: with reduse, and with `opentelemetry-instrumentation-fastapi`, both under
`opentelemetry-instrument`, with the same application behind a real server. Contrib's runs with
`OTEL_SEMCONV_STABILITY_OPT_IN=http`, because without it it has the names of an older convention. Where a line does not
hold, the table has what came instead.

`{command}` makes this table; a test fails when it is no longer what is seen.

| what must hold | asked for | reduse | contrib |
|---|---|---|---|
"""

Seen = dict[str, str]
"""What was seen, by the name of the behaviour."""


def seen_of(subject: Subject, folder: Path) -> Seen:
    """Drive every behaviour under one instrumentation."""
    return dict([*_of_one_service(subject, folder), *_of_processes(subject, folder)])


def _of_one_service(subject: Subject, folder: Path) -> Iterator[tuple[str, str]]:
    with OtlpReceiver() as receiver, service(subject, receiver, folder / f"{subject.name}.log") as server:
        before, users = Export(), receiver.user_counts()
        for behaviour in BEHAVIOURS:
            answers = behaviour.act(server.url)
            time.sleep(behaviour.settle_seconds)
            observation = gain(before, users, receiver, answers)
            before, users = observation.latest, receiver.user_counts()
            yield behaviour.name, behaviour.judge(observation)


def _of_processes(subject: Subject, folder: Path) -> Iterator[tuple[str, str]]:
    for behaviour in PROCESS_BEHAVIOURS:
        yield behaviour.name, behaviour.seen(subject, folder)


def document(ours: Seen, contribs: Seen) -> str:
    """The text of the file."""
    lines = [
        f"| {behaviour.name} | {behaviour.requests} | {ours[behaviour.name]} | {contribs[behaviour.name]} |\n"
        for behaviour in (*BEHAVIOURS, *PROCESS_BEHAVIOURS)
    ]
    return _HEAD.format(command=COMMAND) + "".join(lines)


def measured(folder: Path) -> tuple[Seen, Seen]:
    """What is seen of ours and of contrib's."""
    with ThreadPoolExecutor() as pool:
        ours, contribs = pool.map(lambda subject: seen_of(subject, folder), subjects(folder))
    return ours, contribs


def missing(ours: Seen) -> Seen:
    """The behaviours that ours lacks."""
    return {name: seen for name, seen in ours.items() if seen != YES}
