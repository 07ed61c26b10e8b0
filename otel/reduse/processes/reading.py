"""The file read: `Processes`, or every mistake at once."""

from pathlib import Path

from reduse.processes.mistakes import find
from reduse.processes.model import Processes
from reduse.watch.reading import parse_as, text_of

NAME = "processes.yaml"
NONE = Processes()
"""Of a company whose processes somebody else starts."""


def beside(watch_file: Path) -> Processes:
    """The processes of the company of this file: those of the file beside it; none where there is no such file.

    Raises:
        WatchError: it has mistakes, each of which is a line of the message.
        SettingError: it cannot be read.
    """
    file = watch_file.with_name(NAME)
    return parse(text_of(file), str(file)) if file.exists() else NONE


def parse(text: str, name: str = NAME) -> Processes:
    """The processes of this text; `name`: of the file, for messages. Raises WatchError."""
    return parse_as(Processes, text, name, find, begin="databases, brokers or services")
