"""Names as they stand in PromQL, whatever letters they have."""

# A dollar sign begins a variable in a query of Grafana's; quotes and line ends end a string.
_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "$": "\\u0024"}


def escaped(name: str) -> str:
    """`name` as it stands within double quotes."""
    return "".join(_ESCAPED.get(letter, letter) for letter in name)


def selector(**labels: str) -> str:
    """`{name="value",…}`, of these labels in their order."""
    return "{" + ",".join(f'{label}="{escaped(value)}"' for label, value in labels.items()) + "}"


def bound(seconds: float) -> str:
    """A bound of a histogram as it stands in the label `le`: never with an exponent."""
    return f"{seconds:.12f}".rstrip("0").rstrip(".")
