"""What pydantic finds wrong with an entry, in plain words."""

import difflib
import re
from collections.abc import Mapping
from datetime import date

from pydantic_core import ErrorDetails

from reduse.redaction import without_secrets
from reduse.watch.company import Company
from reduse.watch.keys import Model, field_at, homes, model_at
from reduse.watch.mistakes import Mistake, Path
from reduse.watch.wrong import REFUSED

# Values of these keys are shown in part at most.
SECRET_KEYS = re.compile(r"url|endpoint|file|password|secret|token|key")
SECRET_VALUES = re.compile(r"://|@|passw|secret|token", re.IGNORECASE)
LONGEST_SHOWN = 60
LANGUAGE = "write its tag, such as en, ru or pt-BR"
KEY = "[key]"
"""How pydantic names the key of a mapping, in the place of a value."""

# What people call keys elsewhere.
OTHER_NAMES = {
    "host": "endpoint",
    "port": "endpoint",
    "address": "endpoint",
    "user": "username",
    "pass": "password_file",
    "password": "password_file",
    "url": "management_url",
    "rps": "requests_per_second",
    "slo": "objectives",
    "queues": "consumes",
    "virtual_hosts": "vhosts",
    "label": "name",
}


def mistake_of(error: ErrorDetails, written: Mapping[Path, str], file: Model = Company) -> Mistake:
    """`written`: scalars without quotes, as they stand in the file, which is of this model."""
    # The kinds of a text are no keys of the file.
    path = tuple(step for step in error["loc"] if not (isinstance(step, str) and step.startswith("<")))
    if path and path[-1] == KEY:
        return Mistake(path[:-1], "is no language", LANGUAGE)
    kind = error["type"]
    if kind == "extra_forbidden":
        return Mistake(path, "there is no such key", _key_meant(path, file))
    if kind == "missing":
        field = field_at(path, file)
        told = field.description if field is not None and field.description else "every such entry needs it"
        return Mistake(path, "is missing", _small(told))
    if kind == REFUSED:
        context = error["ctx"]
        return Mistake(path, f"{_shown(path, error['input'], written)}{context['wrong']}", context["right"])
    if kind in {"literal_error", "enum"}:
        return _of_choice(path, error, written)
    if kind == "string_pattern_mismatch":
        return Mistake(
            path, f"{_shown(path, error['input'], written)}is no language", "write its tag, like en or pt-BR"
        )
    return _of_kind(path, error, written)


def _of_kind(path: Path, error: ErrorDetails, written: Mapping[Path, str]) -> Mistake:
    """A value of the wrong kind, as a number where a list has to be."""
    value, kind = error["input"], error["type"]
    if value is None:
        return Mistake(path, "has no value", "give it one, or leave the key out")
    shown = _shown(path, value, written)
    if kind.startswith("string_") and not isinstance(value, dict | list):
        right = f'put it in quotes: "{written[path]}"' if path in written else "put it in quotes"
        return Mistake(path, f"{shown}is {_read_as(value)} in YAML and must be text", right)
    for sign, (wrong, right) in _KINDS.items():
        if sign in kind:
            return Mistake(path, shown + wrong.format_map(error.get("ctx", {})), right)
    # None of pydantic's own words, which may have the value in them.
    return Mistake(path, "is of the wrong kind", "`./reduse watch schema` says what may be there")


# By what is in the error's type: https://docs.pydantic.dev/latest/errors/validation_errors/
_KINDS = {
    "tuple_type": ("must be a list", "write it as [one, two], or as lines that begin with `- `"),
    "model_type": ("must be an entry with keys", "write it as {key: value}, or as lines of `key: value`"),
    "string_": ("must be one text", "write a word, or several in quotes"),
    "bool": ("must be true or false", "write true or false, without quotes"),
    "int_": ("must be a whole number", "write digits, without quotes"),
    "float": ("must be a number", "write one like 50 or 0.5, without quotes"),
    "finite_number": ("must be a number", "write one like 50 or 0.5, without quotes"),
    "greater_than_equal": ("is out of range", "write a larger number"),
    "less_than_equal": ("is out of range", "write a smaller number"),
    "greater_than": ("must be more than {gt:g}", "write a larger number"),
    "too_short": ("must not be empty", "give it at least one entry, or leave the key out"),
    "too_long": ("has more than {max_length} entries", "leave some of them out"),
}


def _read_as(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "a date" if isinstance(value, date) else "a number"


def _of_choice(path: Path, error: ErrorDetails, written: Mapping[Path, str]) -> Mistake:
    expected = re.findall(r"'([^']*)'", error["ctx"]["expected"])
    near = difflib.get_close_matches(str(error["input"]), expected, n=1)
    right = f"did you mean `{near[0]}`?" if near else f"write {' or '.join(f'`{each}`' for each in expected)}"
    return Mistake(path, f"{_shown(path, error['input'], written)}is none of those that there are", right)


def _key_meant(path: Path, file: Model) -> str:
    """What to do about a key that is not known."""
    model = model_at(path[:-1], file)
    known = sorted(model.model_fields) if model is not None else []
    key = str(path[-1])
    other = OTHER_NAMES.get(key.lower())
    near = difflib.get_close_matches(key, known, n=1)
    if other in known:
        held = " with the path of a file that holds it" if other.endswith("_file") else ""
        return f"it is called `{other}` here{held}"
    if near:
        return f"did you mean `{near[0]}`?"
    if places := homes(file).get(key):
        return f"it belongs to {' and '.join(places)}"
    return f"there are {', '.join(known)}" if known else "leave it out"


def _shown(path: Path, value: object, written: Mapping[Path, str]) -> str:
    """The value and a space, or nothing where it is long, has parts or may be a secret."""
    text = written.get(path, value if isinstance(value, str) else "")
    key = next((step for step in reversed(path) if isinstance(step, str)), "")
    if SECRET_KEYS.search(key) or SECRET_VALUES.search(text):
        text = without_secrets(text) if re.match(r"https?://", text) else ""
    if not text or len(text) > LONGEST_SHOWN or not text.isprintable():
        return ""
    return f"`{text}` "


def _small(text: str) -> str:
    """As the second half of a sentence, unless it begins with a name or in code."""
    return text[0].lower() + text[1:] if text[:2].istitle() or text.startswith("A ") else text
