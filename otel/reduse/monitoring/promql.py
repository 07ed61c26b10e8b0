"""Escapes names for PromQL."""

# A dollar sign starts a variable in Grafana; quotes and line breaks end a string.
_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "$": "\\u0024"}


def escaped(name: str) -> str:
    """`name`, escaped for a string in double quotes."""
    return "".join(_ESCAPED.get(letter, letter) for letter in name)


def selector(**labels: str) -> str:
    """`{name="value",…}` with these labels in their order."""
    return "{" + ",".join(f'{label}="{escaped(value)}"' for label, value in labels.items()) + "}"


def bound(seconds: float) -> str:
    """A histogram bound as in the label `le`, without an exponent."""
    return f"{seconds:.12f}".rstrip("0").rstrip(".")
