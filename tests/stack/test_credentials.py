"""Secrets are random for each installation, readable by their owner only, and stay what they are."""

import json
import stat
from pathlib import Path

from reduse.settings import secret_files
from reduse.stack import credentials


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    credentials.create(tmp_path, partners=3)
    first = {path.name: path.read_text() for path in tmp_path.iterdir()}
    credentials.create(tmp_path, partners=3)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == first


def test_two_installations_have_different_secrets(tmp_path: Path) -> None:
    for name in ("one", "two"):
        credentials.create(tmp_path / name, partners=1)
    for name in credentials.PASSWORDS:
        assert secret_files.read(tmp_path / "one", name) != secret_files.read(tmp_path / "two", name)


def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    credentials.create(tmp_path, partners=1)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_more_partners_keep_the_keys_of_those_before(tmp_path: Path) -> None:
    credentials.create(tmp_path, partners=2)
    before = json.loads((tmp_path / credentials.PARTNER_KEYS).read_text())
    credentials.create(tmp_path, partners=4)
    after = json.loads((tmp_path / credentials.PARTNER_KEYS).read_text())
    assert len(after) == 4
    assert before.items() <= after.items()


def test_a_password_is_text_in_yaml(tmp_path: Path) -> None:
    """The collector reads secret files as YAML: a password of digits alone would be a number there."""
    assert all(secret_files.password()[0].isalpha() for _ in range(100))
