"""Matchers of Alertmanager, for names with any letters."""

from collections.abc import Collection

# Characters with a meaning in RE2; escaping more would only be harder to read.
_SPECIAL = frozenset("\\.+*?()|[]{}^$")


def equal(label: str, value: str) -> str:
    """The label has this value."""
    return f'{label}="{_quoted(value)}"'


def one_of(label: str, values: Collection[str]) -> str:
    """The label has exactly one of these values."""
    known = sorted(set(values))
    return equal(label, known[0]) if len(known) == 1 else f'{label}=~"{_quoted(_alternatives(known))}"'


def none_of(label: str, values: Collection[str]) -> str:
    """The label has none of these values."""
    return f'{label}!~"{_quoted(_alternatives(sorted(set(values))))}"'


def _alternatives(values: Collection[str]) -> str:
    return "|".join("".join(f"\\{letter}" if letter in _SPECIAL else letter for letter in value) for value in values)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
