"""What follows from the model alone, the schema and the page, says what the reader does."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reduse.watch.keys import records
from reduse.watch.mistakes import WatchError
from reduse.watch.reading import parse
from reduse.watch.reference import EXAMPLE
from reduse.watch.schema import schema
from reduse.yaml_text import read_yaml

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "company" / "watch.yaml"


@pytest.mark.parametrize("file", [REFERENCE, EXAMPLE], ids=lambda file: file.name)
def test_a_right_file_is_right_by_the_schema(file: Path) -> None:
    validator().validate(read_yaml(file.read_text(encoding="utf-8")))


def test_the_reference_companys_file_names_the_schema() -> None:
    first = REFERENCE.read_text(encoding="utf-8").splitlines()[0]
    assert (REFERENCE.parent / first.rpartition("=")[2]).resolve() == ROOT / "docs" / "watch.schema.json"


@pytest.mark.parametrize(
    "text",
    [
        "services: []",
        "company: 7",
        "company: x\nservics: []",
        "company: x\nservices: [{name: a, users: 'yes'}]",
        "company: x\nservices: [{name: a, export_interval: 1}]",
        *(
            f"company: x\ndatabases: [{{name: a, endpoint: 'a:1', password_file: p, interval: {interval}}}]"
            for interval in ("11s", "30s", "10.5s", "10001ms", "1m", "1h")
        ),
        "company: x\nservices: [{name: a, objectives: [{goal: availability, target: 0.99}]}]",
        "company: x\nservices: [{name: a, objectives: [{goal: speed, target: 99%}]}]",
        "company: {english: x}",
        "company: x\nservices: [{name: '${env:X}'}]",
        "company: x\nservices:",
    ],
)
def test_what_the_schema_refuses_the_reader_refuses(text: str) -> None:
    assert not validator().is_valid(read_yaml(text))
    with pytest.raises(WatchError):
        parse(text)


@pytest.mark.parametrize("interval", ["10s", "10.0 s", "05s", "500ms", "10000ms", "0.1m", "0.002h"])
def test_what_the_reader_takes_the_schema_takes(interval: str) -> None:
    text = f"company: x\nbrokers: [{{name: a, management_url: 'http://a:1', password_file: p, interval: {interval}}}]"
    parse(text)
    validator().validate(read_yaml(text))


def test_every_key_has_a_description() -> None:
    assert [
        f"{place}.{key}"
        for place, model in records()
        for key, field in model.model_fields.items()
        if not field.description
    ] == []


def validator() -> Any:
    known = json.loads(json.dumps(schema()))
    jsonschema.Draft202012Validator.check_schema(known)
    return jsonschema.Draft202012Validator(known)
