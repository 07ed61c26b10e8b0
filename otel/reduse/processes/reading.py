"""The file read: `Processes`, or every mistake at once."""

from pathlib import Path

from reduse.errors import SettingError
from reduse.processes.mistakes import find
from reduse.processes.model import Processes
from reduse.watch import document

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
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return NONE
    except OSError as error:
        raise SettingError(f"{file}: {error.strerror}; let this user read it, or move it away.") from None
    except UnicodeDecodeError:
        raise SettingError(f"{file} is no text in UTF-8.") from None
    return parse(text, str(file))


def parse(text: str, name: str = NAME) -> Processes:
    """The processes of this text; `name`: of the file, for messages. Raises WatchError."""
    return document.parse(text, name, Processes, find, begin="databases, brokers or services")
