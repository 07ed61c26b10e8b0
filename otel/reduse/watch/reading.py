"""The file read: a `Company`, or every mistake at once."""

from collections.abc import Collection
from pathlib import Path as File

from reduse.errors import SettingError
from reduse.watch import document
from reduse.watch.company import Company
from reduse.watch.mistakes import find


def read(file: File, signals: Collection[str] = ()) -> Company:
    """The company of this file. `signals`: names that a row of its table may have; any when there are none.

    Raises:
        WatchError: the file has mistakes, each of which is a line of the message.
        SettingError: it cannot be read.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingError(f"{file}: {error.strerror}; `./reduse watch init` writes such a file.") from None
    except UnicodeDecodeError:
        raise SettingError(f"{file} is no text in UTF-8.") from None
    return parse(text, str(file), signals)


def parse(text: str, name: str = "watch.yaml", signals: Collection[str] = ()) -> Company:
    """The company of this text; `name`: of the file, for messages. Raises WatchError."""
    return document.parse(text, name, Company, lambda company: find(company, signals), begin="`company: NAME`")
