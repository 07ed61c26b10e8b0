"""Texts of the dashboards in the languages of the page: they are written in English, and a file has the others."""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from reduse.monitoring.windows import CPU_WINDOW, MINUTE_WINDOW, WINDOW

LANGUAGES = ("en", "ru")
"""Of the page."""

_ENGLISH = "en"
_WINDOWS = (WINDOW, MINUTE_WINDOW, CPU_WINDOW)
_LAST_NUMBER = re.compile(r"\d+$")


@cache
def texts(language: str) -> Mapping[str, str]:
    """By the English text. `{number}` stands for the number at the end of one."""
    found: Mapping[str, str] = json.loads((files("reduse.console") / f"translation.{language}.json").read_text("utf-8"))
    return found


def in_languages(english: str) -> Mapping[str, str]:
    """The text by language. What a file does not have stays English."""
    return {language: _in(language, english) for language in LANGUAGES}


def sentences(english: str) -> tuple[str, ...]:
    """What is translated as one: a description ends with its window, which many of them have in common."""
    for window in _WINDOWS:
        if english.endswith(f" {window}"):
            return english.removesuffix(f" {window}"), window
    return (english,)


def _in(language: str, english: str) -> str:
    if language == _ENGLISH:
        return english
    return " ".join(_translated(texts(language), sentence) for sentence in sentences(english))


def _translated(known: Mapping[str, str], english: str) -> str:
    if english in known:
        return known[english]
    number = _LAST_NUMBER.search(english)
    if number is None:
        return english
    return known.get(_LAST_NUMBER.sub("{number}", english), english).replace("{number}", number[0])
