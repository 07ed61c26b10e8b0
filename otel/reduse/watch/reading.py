"""The file read: a `Company`, or every mistake at once."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path as File
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from reduse.errors import SettingError
from reduse.watch.company import Company
from reduse.watch.mistakes import Mistake, Path, WatchError, find, of_validation

Lines = Mapping[Path, int]


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
    lines: dict[Path, int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        doubled = _survey(node, (), lines) if node else []
        document = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        wrong = f"is no YAML ({error.problem or error.context})"
        raise WatchError(name, [Mistake((), wrong, "mend this line", mark.line + 1 if mark else None)]) from None
    except yaml.YAMLError as error:
        raise WatchError(name, [Mistake((), f"is no YAML ({error})", "mend it")]) from None
    if not isinstance(document, dict):
        raise WatchError(name, [Mistake((), "has no keys", "begin with `company: NAME`")])
    try:
        company = Company.model_validate(document)
    except ValidationError as error:
        found = [of_validation(each, _keys_beside(each["loc"])) for each in error.errors()]
        raise WatchError(name, [*doubled, *(_placed(each, lines) for each in _once(found))]) from None
    found = [*doubled, *(_placed(each, lines) for each in find(company, signals))]
    if found:
        raise WatchError(name, found)
    return company


def _survey(node: yaml.Node, path: Path, lines: dict[Path, int]) -> list[Mistake]:
    """Note the line of every place; return keys that are there twice, of which YAML would drop the first."""
    lines[path] = node.start_mark.line + 1
    doubled = []
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, str(key.value))
            if here in lines:
                doubled.append(Mistake(here, "is there twice", "leave one of them out", key.start_mark.line + 1))
            doubled += _survey(value, here, lines)
            lines[here] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            doubled += _survey(value, (*path, number), lines)
    return doubled


def _placed(mistake: Mistake, lines: Lines) -> Mistake:
    """With the line of its place; of a key that is not there, the line of what lacks it."""
    path = mistake.path
    while path not in lines and path:
        path = path[:-1]
    return replace(mistake, line=lines.get(path))


def _once(mistakes: Collection[Mistake]) -> list[Mistake]:
    """A value that may be of several kinds is wrong as each of them: the first says it."""
    by_path: dict[Path, Mistake] = {}
    for mistake in mistakes:
        by_path.setdefault(mistake.path, mistake)
    return list(by_path.values())


def _keys_beside(path: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand where the last one of `path` stands."""
    model: Any = Company
    for step in path[:-1]:
        if isinstance(step, int):
            continue
        field = model.model_fields.get(step) if isinstance(model, type) and issubclass(model, BaseModel) else None
        if field is None:
            continue
        model = _entry(field.annotation)
    return sorted(name for name, field in model.model_fields.items() if not field.exclude)


def _entry(annotation: Any) -> Any:
    """The model within `tuple[Model, ...]`, `Model | None` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _entry(argument)
        if found is not None:
            return found
    return None
