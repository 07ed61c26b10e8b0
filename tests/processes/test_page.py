"""The page explains every key of the file."""

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from reduse.processes.model import Processes
from reduse.processes.references import KINDS
from reduse.watch.keys import records

PAGE = (Path(__file__).parents[2] / "docs" / "processes.md").read_text(encoding="utf-8")


def keys() -> Iterator[str]:
    for _, model in records(Processes):
        assert issubclass(model, BaseModel)
        yield from model.model_fields


def test_every_key_and_every_reference_is_explained() -> None:
    told = set(re.findall(r"`(\w+)`", PAGE)) | set(re.findall(r"^## (\w+)$", PAGE, re.MULTILINE))
    assert set(keys()) - told == set()
    assert {kind for kind in KINDS if f"${{{kind}:" not in PAGE} == set()
