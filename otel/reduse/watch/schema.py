"""The file's JSON Schema, for editors."""

import json
from collections.abc import Mapping
from typing import Any

from reduse import duration
from reduse.watch.company import Company
from reduse.watch.values import SHARE, shown_share

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TITLE = "watch.yaml: what a company has watched"


def schema() -> Mapping[str, Any]:
    """What an editor can check of the file: keys, kinds of values, required entries.

    What holds between entries only `reduse.watch.reading` finds.
    """
    made = Company.model_json_schema()
    return {"$schema": DIALECT, "title": TITLE, **{key: _plain(value) for key, value in made.items() if key != "title"}}


def document() -> str:
    """The schema as a file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _given(default: Any, pattern: str = "") -> Any:
    """A default as it would be written: with its unit, and without what is not given in it."""
    if isinstance(default, list):
        return [_given(each) for each in default]
    if isinstance(default, dict):
        return {key: _given(value) for key, value in default.items() if value is not None}
    if isinstance(default, float) and pattern:
        return shown_share(default) if pattern == SHARE else duration.text(default)
    return default


def _plain(node: Any) -> Any:
    """Without titles that say a key's name again, and without `null`: a key that is not given is left out."""
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "default" in node:
        node = {**node, "default": _given(node["default"], str(node.get("pattern", "")))}
        if node["default"] is None:
            del node["default"]
    if "patternProperties" in node:
        node = {**node, "additionalProperties": False}
    kinds = node.get("anyOf")
    if isinstance(kinds, list) and {"type": "null"} in kinds:
        others = [kind for kind in kinds if kind != {"type": "null"}]
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        node = {**(others[0] if len(others) == 1 else {"anyOf": others}), **rest}
    return {key: _plain(value) for key, value in node.items() if not (key == "title" and isinstance(value, str))}
