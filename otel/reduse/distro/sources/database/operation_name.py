"""`db.operation.name`: the command of a statement, in capitals, with a bounded number of values.

A statement is read only as far as its command needs, and never beyond its first few hundred characters.

Source: OpenTelemetry semantic conventions, "Database metrics"; the commands are PostgreSQL's.
"""

import re
from collections.abc import Iterator
from typing import Any

OTHER = "_OTHER"

_COMMANDS = """
    ABORT ALTER ANALYZE BEGIN CALL CHECKPOINT CLOSE CLUSTER COMMENT COMMIT COPY CREATE DEALLOCATE DECLARE DELETE
    DISCARD DO DROP END EXECUTE EXPLAIN FETCH GRANT IMPORT INSERT LISTEN LOAD LOCK MERGE MOVE NOTIFY PREPARE REASSIGN
    REFRESH REINDEX RELEASE RESET REVOKE ROLLBACK SAVEPOINT SECURITY SELECT SET SHOW START TABLE TRUNCATE UNLISTEN
    UPDATE VACUUM VALUES WITH
"""
COMMANDS = frozenset(_COMMANDS.split())

# How much of a statement is looked at, and how many different beginnings are remembered.
MOST_CHARACTERS = 512
MOST_REMEMBERED = 512
_MOST_PARTS = 32

# What may stand before a command: spaces, empty statements, parentheses; comments, which nest, are left out by hand.
_BLANK = re.compile(r"[\s;(\ufeff]*")
_WORD = re.compile(r"[A-Za-z]+")
_COMMENT_ENDS = re.compile(r"/\*|\*/")

# Of `WITH name AS (...), name AS (...) command`: what has no command in it is one token.
_TOKEN = re.compile(
    r"""--[^\n]* | '(?:[^']|'')*' | "(?:[^"]|"")*" | \$(\w*)\$.*?\$\1\$ | /\* | ['"()] | [A-Za-z_]\w*""",
    re.VERBOSE | re.DOTALL,
)
# One by itself begins what ends beyond what is looked at.
_QUOTES = frozenset({"'", '"'})
_AFTER_WITH = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "TABLE"})

_remembered: dict[str, str | None] = {}


def operation_name(statement: Any) -> str | None:
    """The command of a statement: of the first one when there are several, and of `WITH` what follows its parts.

    Takes what drivers take: text, bytes, and what `psycopg2.sql`, `psycopg.sql` and template strings make. OTHER for
    what begins with no known command; None for a statement with nothing in it.
    """
    beginning = (
        statement[:MOST_CHARACTERS] if isinstance(statement, str) else "".join(_texts(statement))[:MOST_CHARACTERS]
    )
    try:
        return _remembered[beginning]
    except KeyError:
        if len(_remembered) >= MOST_REMEMBERED:
            _remembered.clear()
        name = _remembered[beginning] = _command(beginning)
        return name


def _texts(statement: Any) -> Iterator[str]:
    """The texts that a statement is made of, in order, as many as its command may take."""
    if isinstance(statement, (bytes, bytearray, memoryview)):
        yield bytes(statement[:MOST_CHARACTERS]).decode("utf-8", "replace")
        return
    parts = [statement]
    for _ in range(_MOST_PARTS):
        if not parts:
            return
        part = parts.pop(0)
        kind = type(part).__name__
        if isinstance(part, str):
            yield part
        elif kind == "SQL":
            yield part.as_string(None)
        elif kind == "Composed":
            parts[:0] = list(part)
        elif kind == "Template":
            yield "?".join(part.strings)
        else:
            # A name or a value: no command.
            yield "?"


def _command(text: str) -> str | None:
    start = _skip_blank(text)
    word = _WORD.match(text, start)
    if word is None:
        return None if start == len(text) else OTHER
    command = word.group().upper()
    if command == "WITH":
        return _after_parts(text, word.end())
    return command if command in COMMANDS else OTHER


def _skip_blank(text: str) -> int:
    """Where the first word of a statement may be; the length when there is none."""
    at = 0
    while True:
        blank = _BLANK.match(text, at)
        at = blank.end() if blank else at
        if text.startswith("--", at):
            at = text.find("\n", at)
            if at < 0:
                return len(text)
        elif text.startswith("/*", at):
            at = _comment_end(text, at)
        else:
            return at


def _comment_end(text: str, start: int) -> int:
    """Where a comment ends that begins at `start`; comments in it are part of it."""
    depth, at = 0, start
    while (found := _COMMENT_ENDS.search(text, at)) is not None:
        depth += 1 if found.group() == "/*" else -1
        at = found.end()
        if not depth:
            return at
    return len(text)


def _after_parts(text: str, start: int) -> str:
    """The command that follows the parts of `WITH`; WITH when it is beyond what is looked at."""
    depth, at = 0, start
    while (token := _TOKEN.search(text, at)) is not None:
        word, at = token.group(), token.end()
        if word in _QUOTES:
            break
        if word == "/*":
            at = _comment_end(text, token.start())
        elif word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
        elif not depth and word.upper() in _AFTER_WITH:
            return word.upper()
    return "WITH"
