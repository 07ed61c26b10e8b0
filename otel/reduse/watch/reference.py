"""The page that explains the file key by key, from the model's own descriptions."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path as File
from typing import Any

from reduse.watch.keys import Model, records
from reduse.watch.schema import schema
from reduse.watch.values import DURATION, NAME, SHARE

EXAMPLE = File(__file__).with_name("example.yaml")
"""A small company with an entry of each kind."""

INTRODUCTION = """\
<!-- Generated from otel/reduse/watch by `./reduse render`. Do not edit: each key is described in the model. -->

# watch.yaml, key by key

One file says what a company has watched, and everything follows from it. `./reduse watch init` asks what is running and
writes it, `./reduse watch check` tries every endpoint, password, right and queue in it, and `./reduse watch diff` shows
what a change of it would change.

A complete small one:

```yaml
{example}```

Only `company` has to be there. A service that sends metrics and is not in the file is seen too, with requests, errors,
response times, users and an availability of 99.5% as its objective; `./reduse check` names it.

## How values are written

- **Durations** have their unit: `500ms`, `1s`, `5m`, `1h`, `1d`. **Percentages** have their sign: `99.5%`.
- **Texts** for people are one line, or one for each language: `{{en: Orders, de: Bestellungen}}`.
- **Names** of services, databases and brokers become labels. They may have any letters, dots, dashes and spaces in
  them, and are in quotes where YAML would take them for something else: `"007"`, `"on"`, `"no"`.
- **Environment variables** may stand in addresses, users' names, names of files and containers:
  `${{env:NAME}}`, or `${{env:NAME:-default}}`. The collector reads them, and `reduse` with the same values.
- **Passwords** are never in this file: each is alone in a file of its own, on one line, which its owner only may read.
- **Patterns** are regular expressions as Go has them, found anywhere in a name: `^failed\\.` or `dlq$`.
- YAML's anchors, aliases and merge keys may be used; tags may not. The file is UTF-8 and has at most 1 MiB, nested at
  most 20 deep.

Every mistake is told at once, each on a line with its place in the file and what would be right.

## In an editor

`docs/watch.schema.json` is the file's JSON Schema (`./reduse watch schema` prints it). An editor with the YAML language
server completes and checks keys when the first line of the file names it:

```yaml
# yaml-language-server: $schema=../docs/watch.schema.json
```
"""


TABLE = "| key | value | when not given | |\n|---|---|---|---|\n"
MANY = {"entry": "entries", "name": "names", "text": "texts", "duration": "durations"}


def document() -> str:
    """The page, in Markdown."""
    return INTRODUCTION.format(example=EXAMPLE.read_text(encoding="utf-8")) + "".join(_sections())


def _sections() -> Iterator[str]:
    told: set[Model] = set()
    for place, model in records():
        if model in told:
            continue
        told.add(model)
        places = [other for other, same in records() if same is model]
        title = " and ".join(f"`{each}`" for each in places if each) or "The file itself"
        yield f"\n## {title}\n\n{(model.__doc__ or '').strip()}\n\n{TABLE}"
        entry = _entry(model, top=not place)
        for key, described in entry["properties"].items():
            default = "**needed**" if key in entry.get("required", ()) else _default(described.get("default"))
            yield f"| `{key}` | {_kind(described)} | {default} | {_cell(described.get('description', ''))} |\n"


def _entry(model: Model, *, top: bool) -> Mapping[str, Any]:
    found: Mapping[str, Any] = schema() if top else schema()["$defs"][model.__name__]
    return found


def _kind(described: Mapping[str, Any]) -> str:
    """What may be written, in a word or two."""
    if reference := described.get("$ref"):
        name = reference.rpartition("/")[2]
        values = schema()["$defs"][name].get("enum")
        if values:
            return " or ".join(f"`{value}`" for value in values)
        return "text, or one for each language" if name == "Text" else "entry"
    kind = described.get("type")
    if kind == "array":
        inner = _kind(described["items"])
        return MANY.get(inner, f"list: {inner}")
    if kind == "string":
        return {DURATION: "duration", SHARE: "percentage", NAME: "name"}.get(described.get("pattern", ""), "text")
    return {"boolean": "`true` or `false`", "integer": "whole number", "number": "number"}.get(str(kind), str(kind))


def _default(value: Any) -> str:
    if value is None or value == []:
        return ""
    if isinstance(value, str):
        return f"`{value}`"
    shown = json.dumps(value).replace('"', "")
    return f"`{shown}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
