"""Parts that start at once, under a real supervisor: what is tried here is not what they do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reduse.settings.stack import Settings
from reduse.stack.part import SERVICES, STORES, Part
from reduse.stack.supervision import Supervisor
from reduse.stack.waiting import wait
from tests.waiting import PATIENCE_SECONDS

FOR_EVER = "while :; do sleep 0.05; done"
DATABASE = (
    """trap 'sleep 0.3; echo stopped database >> "$ENDED"; exit 0' INT; """
    f"""trap 'echo database in the wrong way >> "$ENDED"; exit 1' TERM; {FOR_EVER}"""
)
SERVICE = f"""trap 'echo stopped service >> "$ENDED"; exit 0' TERM; {FOR_EVER}"""


def shell(name: str, script: str, *, stage: int = STORES, stop_signal: str = "TERM", **environment: str) -> Part:
    return Part(name, stage, ["/bin/sh", "-c", script, "small part"], environment, stop_signal=stop_signal)


def database_and_service(ended: Path) -> list[Part]:
    """Each writes a line into `ended` when it is stopped in its own way."""
    return [
        shell("database", DATABASE, stop_signal="INT", ENDED=str(ended)),
        shell("service", SERVICE, stage=SERVICES, ENDED=str(ended)),
    ]


@contextmanager
def running(settings: Settings, parts: list[Part]) -> Iterator[Supervisor]:
    """A supervisor with these parts started, until the block ends."""
    for folder in (settings.run_dir, settings.log_dir):
        folder.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(settings)
    try:
        supervisor.start(parts)
        supervisor.start_parts(parts)
        yield supervisor
    finally:
        supervisor.stop()


def until(supervisor: Supervisor, part: str, state: str) -> None:
    def probe() -> str | None:
        states = {process["name"]: process["statename"] for process in supervisor.processes()}
        return None if states[part] == state else f"{part} is {states[part]}"

    wait(probe, PATIENCE_SECONDS, str)
