"""Write what follows from the model alone: the schema and the page that explains the file."""

from collections.abc import Callable, Mapping
from pathlib import Path

from reduse.watch import reference, schema

ROOT = Path(__file__).resolve().parents[3]

DOCUMENTS: Mapping[str, Callable[[], str]] = {
    "docs/watch.md": reference.document,
    "docs/watch.schema.json": schema.document,
}
"""How each file is made, by its path from the root of the checkout."""

if __name__ == "__main__":
    for name, made in DOCUMENTS.items():
        (ROOT / name).write_text(made(), encoding="utf-8")
