"""The page has the same words in each of its languages, and has one for each that it asks for."""

import json
import re

from reduse.console.application import STATIC
from reduse.console.panels import RANGES
from reduse.console.translation import LANGUAGES
from tests.reference import BOARDS

WORDS = {language: json.loads((STATIC / "words" / f"{language}.json").read_text()) for language in LANGUAGES}
SCRIPTS = "\n".join(file.read_text() for file in STATIC.rglob("*.js") if "vendor" not in file.parts)


def places(text: str | dict[str, str]) -> set[str]:
    forms = [text] if isinstance(text, str) else text.values()
    return {place for form in forms for place in re.findall(r"{(\w+)}", form)}


def test_every_language_has_the_same_keys() -> None:
    first, *others = WORDS.values()
    assert all(list(each) == list(first) for each in others)


def test_a_text_has_the_same_places_in_every_language() -> None:
    for key in WORDS["en"]:
        assert len({frozenset(places(words[key])) for words in WORDS.values()}) == 1, key


def test_numbers_have_the_forms_of_their_language() -> None:
    """Those of Unicode's CLDR for whole numbers."""
    forms = {"en": {"one", "other"}, "ru": {"one", "few", "many", "other"}}
    for language, words in WORDS.items():
        for key, text in words.items():
            assert isinstance(text, str) or set(text) == forms[language], (language, key)


def test_what_the_page_asks_for_is_there() -> None:
    asked = set(re.findall(r"\bt\(\"([^\"]+)\"", SCRIPTS))
    assert asked <= WORDS["en"].keys()


def test_every_word_is_asked_for() -> None:
    """By its whole key, or by the beginning that a script completes."""
    begun = (*re.findall(r"\bt\(`([^`$]+)\$", SCRIPTS), "theme.", "limits.verdict_")
    asked = set(re.findall(r"\"([\w./:-]+)\"", SCRIPTS))
    assert [key for key in WORDS["en"] if key not in asked and not key.startswith(begun)] == []


def test_ranges_and_variables_have_names() -> None:
    assert {f"range.{seconds}" for seconds in RANGES} <= WORDS["en"].keys()
    # What is chosen on pages of dashboards; users have a page of their own.
    variables = {
        f"variable.{board.uid}.{each.name}" for board in BOARDS for each in board.variables if "users" not in board.uid
    }
    assert variables <= WORDS["en"].keys()
