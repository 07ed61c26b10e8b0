"""Each part has an id of its own, which stays the same, and is no id of anybody else's."""

from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.settings.stack import IDS_OF_AN_INSTALLATION, Settings
from reduse.stack.identity import FIRST_ID, Identities, Identity, of_system_user

ALL_IDS = "         0          0 4294967295\n"


def identities(folder: Path, *, uid_map: str = ALL_IDS, first: int | None = None) -> Identities:
    folder.mkdir(exist_ok=True)
    (folder / "uid_map").write_text(uid_map)
    return Identities(Settings(state_dir=folder, first_user_id=first), folder / "uid_map")


def test_a_name_keeps_its_id_when_others_come_and_go(tmp_path: Path) -> None:
    before = identities(tmp_path)
    found = {name: before.of(name) for name in ("agent", "gateway", "processor")}
    before.keep()
    after = identities(tmp_path)
    assert {name: after.of(name) for name in ("console", *found)} | found == {
        "console": after.of("console"),
        **found,
    }
    assert len({each.user for each in (*found.values(), after.of("console"))}) == 4


def test_ids_are_above_those_of_directories_and_of_containers(tmp_path: Path) -> None:
    number = identities(tmp_path).number("agent")
    assert FIRST_ID <= number < 2**31


def test_two_installations_have_different_ids(tmp_path: Path) -> None:
    assert identities(tmp_path / "a").number("agent") != identities(tmp_path / "b").number("agent")


def test_the_setting_says_where_ids_begin(tmp_path: Path) -> None:
    assert identities(tmp_path, first=70_000).number("agent") == 70_000


def test_in_a_user_namespace_ids_are_among_those_that_it_has(tmp_path: Path) -> None:
    number = identities(tmp_path, uid_map="0 100000 65536\n").number("agent")
    assert 65_536 - IDS_OF_AN_INSTALLATION - 2 <= number < 65_534


def test_a_namespace_with_too_few_ids_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="user namespace of 1 ids"):
        identities(tmp_path, uid_map="0 1000 1\n")


@pytest.mark.slow
def test_all_ids_in_use_is_told(tmp_path: Path) -> None:
    found = identities(tmp_path)
    for number in range(IDS_OF_AN_INSTALLATION):
        found.number(f"service-{number}")
    with pytest.raises(SettingError, match="all 4096 ids are in use"):
        found.number("one more")


def test_a_damaged_file_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "identities.json").write_text("{")
    with pytest.raises(SettingError, match=r"identities\.json is not readable as JSON"):
        identities(tmp_path)


def test_a_system_user_that_is_missing_is_told() -> None:
    with pytest.raises(SettingError, match="the user no-such-user is missing"):
        of_system_user("no-such-user")


def test_no_capability_is_left_and_no_way_to_one() -> None:
    assert Identity(70_000, 70_001, (70_002, 70_003)).prefix() == [
        "/usr/bin/setpriv",
        "--reuid=70000",
        "--regid=70001",
        "--groups=70002,70003",
        "--no-new-privs",
        "--inh-caps=-all",
        "--bounding-set=-all",
    ]
    assert "--clear-groups" in Identity(70_000, 70_001).prefix()
