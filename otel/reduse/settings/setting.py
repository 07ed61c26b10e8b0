"""A setting as a row of the table: one environment variable, once, whoever reads it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

DEFAULT_TEXT = "default_text"
_KINDS = {"bool": "true or false", "int": "whole number", "float": "number", "str": "text", "Path": "path"}


@dataclass(frozen=True, slots=True)
class Setting:
    """`readers`: parts that read it, in the order of the table; `default` as one would write it, None for none."""

    name: str
    readers: tuple[str, ...]
    kind: str
    default: str | None
    help: str

    def as_dict(self) -> dict[str, object]:
        return {"name": self.name, "readers": list(self.readers), "type": self.kind, "default": self.default}


def of_model(model: type[BaseModel], prefix: str, reader: str) -> tuple[Setting, ...]:
    """The settings that a pydantic model reads: its fields, their types, defaults and descriptions."""
    return tuple(
        Setting(f"{prefix}{name.upper()}", (reader,), _kind(field.annotation), _default(field), field.description or "")
        for name, field in model.model_fields.items()
    )


def merged(settings: Iterable[Setting]) -> tuple[Setting, ...]:
    """Each name once, in alphabetical order, with all its readers; what the first says of it is what is said."""
    by_name: dict[str, Setting] = {}
    for setting in settings:
        known = by_name.get(setting.name)
        if known is None:
            by_name[setting.name] = setting
            continue
        readers = tuple(dict.fromkeys((*known.readers, *setting.readers)))
        default = setting.default if known.default is None else known.default
        by_name[setting.name] = replace(known, readers=readers, default=default, help=known.help or setting.help)
    return tuple(by_name[name] for name in sorted(by_name))


def text(value: object) -> str | None:
    """A value as one would write it into the environment."""
    if value is None or value is PydanticUndefined:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple | list):
        return ",".join(text(each) or "" for each in value)
    return str(value)


def _default(field: FieldInfo) -> str | None:
    # Where it is made when the value is read the field says how it is written.
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return text(extra.get(DEFAULT_TEXT, field.default)) or None


def _kind(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kind(get_args(annotation)[0])
    if origin is Literal:
        return ", ".join(map(str, get_args(annotation)))
    if origin in (UnionType, Union):
        return _kind(next(each for each in get_args(annotation) if each is not type(None)))
    if origin in (tuple, Mapping):
        return "list"
    return _KINDS[annotation.__name__]
