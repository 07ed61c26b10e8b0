"""Files with secrets and variables of the environment: what is wrong with one is said, and no secret is shown."""

from pathlib import Path

import pytest

from reduse.operation.watching.lookup import Lookup, NotThereError

SECRET = "hunter2-of-a-test"


def secret(folder: Path, content: bytes | None, mode: int = 0o600, value: str = "secrets/db", **variables: str) -> str:
    """What is told, and the cure, of a file with this content."""
    file = folder / "secrets" / "db"
    file.parent.mkdir()
    if content is not None:
        file.write_bytes(content)
        file.chmod(mode)
    try:
        found, findings = Lookup(folder, variables).secret("orders-db", "password_file", value)
    except NotThereError as error:
        findings = [error.finding]
    else:
        assert found.strip() == SECRET
    told = "\n".join(f"{finding.told}: {finding.cure}" for finding in findings)
    assert SECRET not in told
    return told


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_line_that_only_its_owner_reads_is_well(tmp_path: Path, end: bytes) -> None:
    assert secret(tmp_path, SECRET.encode() + end) == ""


def test_a_file_that_others_may_read_is_said(tmp_path: Path) -> None:
    told = secret(tmp_path, SECRET.encode(), 0o644)
    assert "can be read by everybody" in told
    assert f"chmod o-rwx {tmp_path / 'secrets' / 'db'}" in told


def test_a_file_of_a_group_is_well(tmp_path: Path) -> None:
    assert secret(tmp_path, SECRET.encode(), 0o640) == ""


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "is not there"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (f"{SECRET}\nuser: x\n".encode(), "several lines"),
        (b"\xff\xfe" + SECRET.encode(), "several lines"),
        (f" {SECRET}".encode(), "begins or ends with a space"),
    ],
)
def test_a_file_that_is_no_secret_is_said(tmp_path: Path, content: bytes | None, told: str) -> None:
    assert told in secret(tmp_path, content)


def test_a_secret_in_the_place_of_its_file_is_not_shown(tmp_path: Path) -> None:
    """Somebody writes the password itself: nothing of it may be repeated."""
    assert f"in {tmp_path}" in secret(tmp_path, None, value=SECRET)


def test_a_variable_that_is_not_set_is_said(tmp_path: Path) -> None:
    assert "needs the environment variable SECRETS" in secret(tmp_path, None, value="${env:SECRETS}/db")
    assert "is not there" in Lookup(tmp_path, {"SECRETS": str(tmp_path)}).known(
        "orders-db", "x", "${env:SECRETS}/is not there"
    )
