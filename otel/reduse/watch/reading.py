"""The file read: a `Company`, or another model of a company's file, or every mistake at once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path as File
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reduse.errors import SettingError
from reduse.watch.company import Company
from reduse.watch.document import MOST_BYTES, load
from reduse.watch.mistakes import Mistake, Path, WatchError
from reduse.watch.relations import SignalNames, find
from reduse.watch.validation import mistake_of

BYTE_ORDER_MARK = "\ufeff"
ANY_SIGNAL: SignalNames = {}
Read = TypeVar("Read", bound=BaseModel)


def read(file: File, signals: SignalNames = ANY_SIGNAL) -> Company:
    """The company of this file. `reduse.monitoring.companies.load` knows the signals that there are.

    Raises:
        WatchError: the file has mistakes, each of which is a line of the message.
        SettingError: it cannot be read.
    """
    return parse(text_of(file), str(file), signals)


def text_of(file: File) -> str:
    """The file's text. Raises as `read` does."""
    try:
        with file.open("rb") as opened:
            # One more than may be there, so that too many are seen.
            content = opened.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise SettingError(f"{file}: there is no such file; `./reduse watch init` writes one.") from None
    except OSError as error:
        raise SettingError(f"{file} cannot be read: {error.strerror}.") from None
    if len(content) > MOST_BYTES:
        mistake = Mistake((), f"is larger than {MOST_BYTES:,} bytes", "is this the right file?")
        raise WatchError(str(file), [mistake])
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise WatchError(str(file), [Mistake((), "is no text in UTF-8", "save it in UTF-8", line)]) from None


def parse(text: str, name: str = "watch.yaml", signals: SignalNames = ANY_SIGNAL) -> Company:
    """The company of this text; `name`: of the file, for messages. Raises WatchError."""
    return parse_as(Company, text, name, lambda company: find(company, signals), begin="`company: NAME`")


def parse_as(
    model: type[Read], text: str, name: str, between: Callable[[Read], Iterable[Mistake]], *, begin: str
) -> Read:
    """What this text of a file says.

    Mistakes between entries are found when each entry is right.

    Args:
        model: of the whole file.
        name: of the file, for messages.
        between: finds what is wrong between entries that are each right.
        begin: how such a file begins, for one that has no keys.

    Raises:
        WatchError: the text has mistakes, each of which is a line of the message.
    """
    document = load(text.removeprefix(BYTE_ORDER_MARK))
    if document.value is None and document.mistakes:
        raise WatchError(name, document.mistakes)
    if not isinstance(document.value, dict):
        raise WatchError(name, [Mistake((), "has no keys", f"begin with {begin}", 1)])
    try:
        read = model.model_validate(document.value)
    except ValidationError as error:
        # A value that may be of several kinds is wrong as each of them: the first says it.
        errors = filter(_says_more, error.errors(include_url=False))
        found = _once(mistake_of(each, document.written, model) for each in errors)
    else:
        found = list(between(read))
        if not found and not document.mistakes:
            return read
    placed = [_placed(each, document.lines) for each in found]
    # What YAML makes of a value explains what is then wrong with it.
    raise WatchError(name, sorted(_once([*document.mistakes, *placed]), key=lambda mistake: mistake.line or 0))


def _placed(mistake: Mistake, lines: Mapping[Path, int]) -> Mistake:
    """With the line of its place; of a key that is not there, the line of what lacks it."""
    path = mistake.path
    while path not in lines and path:
        path = path[:-1]
    return replace(mistake, line=lines.get(path))


def _says_more(error: ErrorDetails) -> bool:
    """A list is also called too short when it has entries, each of which is wrong."""
    return error["type"] != "too_short" or not error["input"]


def _once(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """The first of those at one place."""
    by_path: dict[Path, Mistake] = {}
    for mistake in mistakes:
        by_path.setdefault(mistake.path, mistake)
    return list(by_path.values())
