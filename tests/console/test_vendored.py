"""Files of other projects are those that were released: each by its hash."""

import hashlib
import json

import pytest

from reduse.console.application import STATIC

FOLDER = STATIC / "vendor"
VENDORED = json.loads((FOLDER / "vendored.json").read_text())


@pytest.mark.parametrize("package", VENDORED, ids=lambda package: package["name"])
def test_each_file_is_what_was_released(package: dict[str, dict[str, str]]) -> None:
    found = {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in package["files"]}
    assert found == package["files"]
    assert any(name.endswith("LICENSE") for name in found)


def test_there_is_no_other_file() -> None:
    there = {str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*") if file.is_file()}
    assert there == {"vendored.json", *(name for package in VENDORED for name in package["files"])}
