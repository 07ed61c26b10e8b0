"""What the rules had recorded of a fault whose alert did not come: how near it was."""

import re
from collections.abc import Mapping

from reduse.stack.drill.definition import Drill
from reduse.store.client import QueryError, StoreClient

_RECORDED = re.compile(r"\b[a-z]\w*:\w+(?::\w+)?")
_STRINGS = re.compile(r"\"[^\"]*\"|'[^']*'")

Range = tuple[float, float]
"""The lowest and the highest value."""


def recorded_series(expression: str) -> list[str]:
    """The recorded series that an alert's expression asks for."""
    return sorted(set(_RECORDED.findall(_STRINGS.sub("", expression))))


def seen(client: StoreClient, drill: Drill, seconds: float) -> Mapping[str, Range]:
    """By recorded series of the alert, where it has the drill's labels: its values in the last seconds."""
    try:
        expressions = _expressions(client, drill.alert)
        return {
            name: found
            for expression in expressions
            for name in recorded_series(expression)
            if (found := _range(client, drill, name, seconds)) is not None
        }
    except QueryError:
        # Then it is not known, which is no reason to say less of the drill.
        return {}


def _expressions(client: StoreClient, alert: str) -> list[str]:
    groups = client.get("/api/v1/rules")["groups"]
    return [rule["query"] for group in groups for rule in group["rules"] if rule["name"] == alert]


def _range(client: StoreClient, drill: Drill, name: str, seconds: float) -> Range | None:
    values = [
        [
            sample.value
            for sample in client.query(f"{extreme}_over_time({name}[{max(1, round(seconds))}s])")
            if all(sample.labels.get(label, value) == value for label, value in drill.labels.items())
        ]
        for extreme in ("min", "max")
    ]
    return (min(values[0]), max(values[1])) if all(values) else None


def written(values: Mapping[str, Range]) -> str:
    """In a line."""
    return "; ".join(f"{name} was {low:.3g} to {high:.3g}" for name, (low, high) in values.items())
