"""Which keys may stand where, from the model."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from reduse.watch.company import Company
from reduse.watch.mistakes import Path
from reduse.watch.record import Record

Model = type[BaseModel]


def model_at(path: Path, file: Model = Company) -> Model | None:
    """The model of the entry at this place of a file; None where there is none, as in a text."""
    model: Model | None = file
    for step in path:
        if isinstance(step, str):
            field = model.model_fields.get(step) if model is not None else None
            model = record_in(field.annotation) if field is not None else None
    return model


def field_at(path: Path, file: Model = Company) -> FieldInfo | None:
    """What the model says of the key that this place belongs to."""
    names = [position for position, step in enumerate(path) if isinstance(step, str)]
    for last in reversed(names):
        model = model_at(path[:last], file)
        if model is not None:
            return model.model_fields.get(str(path[last]))
    return None


def record_in(annotation: Any) -> Model | None:
    """The record within `tuple[Record, ...]`, `Record | None` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return annotation
    for argument in get_args(annotation):
        if (found := record_in(argument)) is not None:
            return found
    return None


@cache
def homes(file: Model = Company) -> Mapping[str, tuple[str, ...]]:
    """Where each key may stand, as people write it: `the top`, `services[]`, `services[].objectives[]`."""
    found: dict[str, list[str]] = {}
    for place, model in records(file):
        for name in model.model_fields:
            found.setdefault(name, []).append(place or "the top")
    return {name: tuple(places) for name, places in found.items()}


def records(file: Model = Company) -> Iterator[tuple[str, Model]]:
    """Every kind of entry by its place, the file itself first, in the order in which they are met."""
    waiting: list[tuple[str, Model]] = [("", file)]
    while waiting:
        place, model = waiting.pop(0)
        yield place, model
        for name, field in model.model_fields.items():
            inner = record_in(field.annotation)
            if inner is not None:
                many = "[]" if is_list(field.annotation) else ""
                waiting.append((f"{place}.{name}{many}".lstrip("."), inner))


def is_list(annotation: Any) -> bool:
    """Whether a key of this annotation holds a list."""
    return getattr(annotation, "__origin__", None) is tuple or any(is_list(each) for each in get_args(annotation))
