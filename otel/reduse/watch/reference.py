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

One file describes what is monitored in a company; everything else is generated from it. `./reduse watch init` writes it
from what is running, `./reduse watch check` tries every address, password, permission and queue in it, and
`./reduse watch diff` shows the effect of changes.

A small but complete file:

```yaml
{example}```

Only `company` is required. A service that sends metrics but is not in the file is monitored as well, with requests,
errors, response times, users and an availability objective of 99.5%; `./reduse check` lists it.

## Values

- **Durations** need a unit: `500ms`, `1s`, `5m`, `1h`, `1d`. **Percentages** need a percent sign: `99.5%`.
- **Display texts** are one line, or one line for each language: `{{en: Orders, de: Bestellungen}}`.
- **Names** of services, databases and brokers become labels. They may contain any letters, dots, dashes and spaces.
  Quote names that YAML would read as another type: `"007"`, `"on"`, `"no"`.
- **Environment variables** can be used in addresses, user names, file names and container names:
  `${{env:NAME}}` or `${{env:NAME:-default}}`. The collector and `reduse` must have the same values.
- **Passwords** are never in this file: each is in a separate file, on one line, readable by its owner only.
- **Patterns** are regular expressions in Go's syntax that may match any part of a name: `^failed\\.` or `dlq$`.
- Anchors, aliases and merge keys of YAML are supported; tags are not. The file is UTF-8, has at most 1 MiB, and is
  nested at most 20 levels deep.

All mistakes are reported at once, each on a line with its place in the file and what would be correct.

## In an editor

`docs/watch.schema.json` is the file's JSON Schema (`./reduse watch schema` prints it). An editor with the YAML language
server completes and checks keys if the first line of the file names the schema:

```yaml
# yaml-language-server: $schema=../docs/watch.schema.json
```
"""


TABLE = "| key | value | default | |\n|---|---|---|---|\n"
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
        title = " and ".join(f"`{each}`" for each in places if each) or "Top level"
        yield f"\n## {title}\n\n{(model.__doc__ or '').strip()}\n\n{TABLE}"
        entry = _entry(model, top=not place)
        for key, described in entry["properties"].items():
            default = "**required**" if key in entry.get("required", ()) else _default(described.get("default"))
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
