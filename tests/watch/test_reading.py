"""A file is read as it is written, whatever wrote it; whatever is in it, there is a company or a mistake."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.errors import SettingError
from reduse.watch.document import MOST_BYTES
from reduse.watch.mistakes import Mistake, WatchError
from reduse.watch.reading import parse, read
from reduse.watch.reference import EXAMPLE
from reduse.yaml_text import read_yaml, write_yaml

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "company" / "watch.yaml").read_text(encoding="utf-8")


def test_the_reference_companys_file_is_right() -> None:
    company = read(ROOT / "company" / "watch.yaml")
    assert [part.job for part in company.parts]
    assert company.table is not None


def test_the_example_is_right_and_has_an_entry_of_each_kind() -> None:
    company = read(EXAMPLE)
    assert all((company.services, company.databases, company.brokers, company.receivers, company.notify))


def test_a_byte_order_mark_and_the_line_ends_of_windows_are_read(tmp_path: Path) -> None:
    file = tmp_path / "watch.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + REFERENCE.replace("\n", "\r\n").encode())
    assert read(file) == parse(REFERENCE)


def test_anchors_aliases_and_merge_keys_are_read() -> None:
    company = parse(
        "company: x\nservices:\n"
        "  - &usual {name: a, objectives: &o [{goal: availability, target: 99.9%}], export_interval: 10s}\n"
        "  - {<<: *usual, name: b, users: true}\n  - {name: c, objectives: *o}\n"
    )
    first, second, third = company.services
    assert first.objectives == second.objectives == third.objectives
    assert (second.name, second.users, second.export_interval) == ("b", True, 10)


def test_keys_that_yaml_takes_for_a_truth_value_are_words() -> None:
    """`no` is Norwegian."""
    assert parse("company: {no: Bedrift, en: Company}").company.read("no") == "Bedrift"


def test_an_address_from_the_environment_without_a_default_is_right() -> None:
    company = parse("company: x\ndatabases: [{name: d, endpoint: '${env:E}', password_file: '${env:P}/p'}]")
    assert company.databases[0].endpoint == "${env:E}"
    with pytest.raises(WatchError, match="must be host:port"):
        parse("company: x\ndatabases: [{name: d, endpoint: '${env:E:-db}', password_file: p}]")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"company: x\nlanguages: [\xff]", "line 2"),
        (b"#" * (MOST_BYTES + 1), "is larger than"),
        ("company: x".encode("utf-16"), "is no text in UTF-8"),
    ],
)
def test_what_is_no_text_is_said(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "watch.yaml"
    file.write_bytes(content)
    with pytest.raises(WatchError, match=told):
        read(file)


def test_a_file_that_is_not_there_or_is_a_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"`\./reduse watch init` writes one"):
        read(tmp_path / "watch.yaml")
    with pytest.raises(SettingError, match="cannot be read"):
        read(tmp_path)


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(
            None,
            True,
            False,
            0,
            -1,
            1.5,
            float("inf"),
            float("nan"),
            "",
            " ",
            "x",
            "on",
            "99%",
            "0%",
            "1s",
            "0s",
            "-1s",
        ),
        *("9" * 400 + "s", "${env:X}", "${env:X:-}", "$", "{{ x }}", "a:1", "a:99999999999999999999", "http://", "("),
        *("[[", "\x85", "\u2028", "\U0001f600", "x" * 2_000, [], [[]], {}, {"en": "x"}, {"": ""}, ["x", "x"], "/"),
    ]
)
DOCUMENT = read_yaml(REFERENCE)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for step, each in inner for place in places(each, (*path, step)))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


def mistakes(text: str) -> tuple[Mistake, ...]:
    """Whatever is in it: a company, which has none, or mistakes on lines that there are."""
    try:
        parse(text)
    except WatchError as error:
        found = error.mistakes
    else:
        return ()
    assert found
    assert all(mistake.wrong and mistake.right for mistake in found)
    assert all(mistake.line is None or 1 <= mistake.line <= text.count("\n") + 2 for mistake in found)
    return found


@given(st.data())
def test_any_value_in_any_place_gives_a_company_or_a_mistake(data: st.DataObject) -> None:
    document = DOCUMENT
    for _ in range(data.draw(st.integers(1, 3))):
        document = changed(document, data.draw(st.sampled_from(places(document))), data.draw(ODD))
    for mistake in mistakes(write_yaml(document, allow_unicode=True, sort_keys=False)):
        place = document
        # What is missing is told at the place where it would be.
        for step in mistake.path[:-1] if mistake.wrong == "is missing" else mistake.path:
            place = place[step]


LINES = REFERENCE.splitlines(keepends=True)


@given(st.data())
def test_any_change_of_the_text_gives_a_company_or_a_mistake(data: st.DataObject) -> None:
    """Cut, doubled or mixed up, with odd characters in it."""
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        column = data.draw(st.integers(0, len(line)))
        inserted = data.draw(
            st.sampled_from(["\t", "  ", ":", "- ", "{", "]", "&a ", "*a", "!x ", "'", '"', "#", "\0"])
        )
        lines[at] = data.draw(
            st.sampled_from(["", line * 2, line[column:], line[:column] + inserted + line[column:], "<<: *a\n"])
        )
    mistakes("".join(lines))


@given(st.text(max_size=200))
def test_any_text_gives_a_company_or_a_mistake(text: str) -> None:
    mistakes(text)
