"""Texts for people, in one language or in several."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Discriminator, Field, RootModel, Tag

from reduse.watch.values import one_line
from reduse.watch.wrong import refused

LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
"""A language's tag: RFC 5646, without its rarer parts."""

# How the kinds of a text are told apart in the places of mistakes: no key of a file is called so.
ONE_LINE, LANGUAGES = "<one line>", "<languages>"


def _line(value: str) -> str:
    if "${" in value:
        raise refused("a text cannot come from the environment: it is written into files", "write the text itself")
    return one_line(value)


Line = Annotated[str, AfterValidator(_line)]
LanguageTag = Annotated[str, Field(pattern=LANGUAGE)]


def _kind(value: object) -> str:
    return LANGUAGES if isinstance(value, dict) else ONE_LINE


class Text(
    RootModel[
        Annotated[
            Annotated[Line, Tag(ONE_LINE)]
            | Annotated[dict[LanguageTag, Line], Field(min_length=1, max_length=50), Tag(LANGUAGES)],
            Discriminator(_kind),
        ]
    ]
):
    """A line of text: the same for every language, or one for each, by its tag."""

    model_config = {"frozen": True}

    @classmethod
    def of(cls, text: str, **others: str) -> "Text":
        """English, and the same in other languages by their tags."""
        return cls({"en": text, **others} if others else text)

    @property
    def by_language(self) -> Mapping[str, str]:
        """Empty when there is one text for all."""
        return {} if isinstance(self.root, str) else self.root

    def read(self, language: str = "en") -> str:
        """The text in this language; where it is not there the English one, else the first that there is."""
        if isinstance(self.root, str):
            return self.root
        return self.root.get(language) or self.root.get("en") or next(iter(self.root.values()))
