"""Values, files and ids come to the collector as the company's file has them, whatever is in them."""

import re

import pytest

from reduse.monitoring.collector import component, duration, file, text, value

# Of go.opentelemetry.io/collector/component: symbols, separators and control characters are in no id.
VALID = re.compile(r"[^\s$+<=>^`|~:/]{1,1024}")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", "plain"),
        ("a$b", "a$$b"),
        ("$$", "$$$$"),
        ("${env:HOST}:5432", "${env:HOST}:5432"),
        ("${env:HOST:-db}:${env:PORT:-5432}", "${env:HOST:-db}:${env:PORT:-5432}"),
        ("$${env:HOST}$", "$$${env:HOST}$$"),
        ("${file:/etc/passwd}", "$${file:/etc/passwd}"),
        ("${HOME}", "$${HOME}"),
    ],
)
def test_only_variables_of_the_environment_are_left_to_the_collector(text: str, written: str) -> None:
    assert value(text) == written


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/etc/reduse/db", "/etc/reduse/db"),
        ("${env:REDUSE_SECRETS_DIR}/db", "${env:REDUSE_SECRETS_DIR}/db"),
        ("secrets/db $1", "${env:REDUSE_WATCH_DIR:-.}/secrets/db $$1"),
        ("secrets/${env:STAGE}", "${env:REDUSE_WATCH_DIR:-.}/secrets/${env:STAGE}"),
    ],
)
def test_a_relative_path_is_below_a_folder_that_the_collector_is_told(path: str, written: str) -> None:
    assert file(path) == written


def test_a_name_of_usual_letters_is_the_id() -> None:
    assert component("postgresql", "shop-db.eu_1") == "postgresql/shop-db.eu_1"


def test_any_name_has_an_id_of_its_own_that_the_collector_takes() -> None:
    names = [
        "a b",
        "a_b",
        "a/b",
        "a::b",
        "a$b",
        "it's",
        "Заказы",
        "Заказы ",
        "#",
        "/",
        "x" * 100,
        "x" * 101,
        "a" + " " * 9,
    ]
    # Looks like the id of another one.
    names.append(component("k", "a b").removeprefix("k/"))
    ids = [component("k", name) for name in names]
    assert len(set(ids)) == len(names)
    for each in ids:
        assert VALID.fullmatch(each.removeprefix("k/")), each


@pytest.mark.parametrize(
    ("seconds", "written"), [(5.0, "5s"), (0.5, "500ms"), (1.25, "1250ms"), (300.0, "300s"), (0.0001, "1ms")]
)
def test_durations_are_written_as_go_does(seconds: float, written: str) -> None:
    assert duration(seconds) == written


def test_what_is_text_is_no_number_in_yaml_1_2() -> None:
    written = text({"a": "1e3", "b": "0o17", "c": ".5", "d": "+1", "e": "5s", "f": "500ms", "g": "true", "h": "1.2.3"})
    assert written.splitlines() == [
        *("a: '1e3'", "b: '0o17'", "c: '.5'", "d: '+1'", "e: 5s", "f: 500ms", "g: 'true'", "h: '1.2.3'"),
    ]
