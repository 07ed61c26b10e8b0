"""A value that is refused: what is wrong with it, and what would be right."""

from pydantic_core import PydanticCustomError

REFUSED = "refused"
"""The type of an error whose context holds both sentences."""


def refused(wrong: str, right: str) -> PydanticCustomError:
    """What a validator raises. Neither sentence holds the value, which may be a secret."""
    # The texts are not a template: braces in them are braces.
    return PydanticCustomError(REFUSED, "{wrong}", {"wrong": wrong, "right": right})
