"""Texts for people, in one language or in several."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, RootModel

LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
"""A language's tag: RFC 5646, without its rarer parts."""


def _one_line(text: str) -> str:
    if not text.strip() or "\n" in text:
        raise ValueError("must be one line of text")
    return text


Line = Annotated[str, AfterValidator(_one_line)]
LanguageTag = Annotated[str, Field(pattern=LANGUAGE)]


class Text(RootModel[Line | Annotated[dict[LanguageTag, Line], Field(min_length=1)]]):
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
