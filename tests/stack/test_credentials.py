"""Secrets are random for each installation, readable by their owner only, and stay what they are."""

import json
import stat
from pathlib import Path

from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack import credentials
from reduse.stack.installation import Installation


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    credentials.create(tmp_path, credentials.PASSWORDS)
    first = {path.name: path.read_text() for path in tmp_path.iterdir()}
    credentials.create(tmp_path, credentials.PASSWORDS)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == first


def test_two_installations_have_different_secrets(tmp_path: Path) -> None:
    for name in ("one", "two"):
        credentials.create(tmp_path / name, credentials.PASSWORDS)
    for name in credentials.PASSWORDS:
        assert secret_files.read(tmp_path / "one", name) != secret_files.read(tmp_path / "two", name)


def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    credentials.create(tmp_path, credentials.PASSWORDS)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_a_secret_that_a_command_makes_is_kept_by_it(tmp_path: Path) -> None:
    """The reference company's: more partners keep the keys of those before."""

    def keys(partners: int) -> dict[str, str]:
        installation = Installation.of(Settings(state_dir=tmp_path), {"REDUSE_PARTNERS": str(partners)})
        credentials.create_all(installation, tmp_path / "log")
        found: dict[str, str] = json.loads(installation.secret("partner_keys.json").read_text())
        return found

    before = keys(2)
    after = keys(4)
    assert len(before) == 2
    assert len(after) == 4
    assert before.items() <= after.items()


def test_a_password_is_text_in_yaml(tmp_path: Path) -> None:
    """The collector reads secret files as YAML: a password of digits alone would be a number there."""
    assert all(secret_files.password()[0].isalpha() for _ in range(100))
