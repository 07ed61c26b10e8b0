"""Colors that mean the same on every graph: in Grafana, in the report and on the console's page.

A series is recognised by its name in the legend, so the same list serves all three.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NamedColor:
    """Series whose name matches `pattern` (a regular expression that Python and JavaScript read alike) have `color`."""

    pattern: str
    color: str


# Each is readable on white and on black.
GREEN, BLUE, YELLOW, ORANGE, RED, GREY = "#56a64b", "#3274d9", "#e0b400", "#ff780a", "#e02f44", "#8e8e8e"
LIGHT_GREEN, LIGHT_BLUE, LIGHT_ORANGE, LIGHT_RED = "#96d98d", "#8ab8ff", "#ffb357", "#ff7383"
PURPLE = "#a352cc"

STATUSES: tuple[NamedColor, ...] = (
    NamedColor("(^| )2(00|xx)$", GREEN),
    NamedColor(r"(^| )2\d\d$", LIGHT_GREEN),
    NamedColor("(^| )3(00|xx)$", BLUE),
    NamedColor(r"(^| )3\d\d$", LIGHT_BLUE),
    # Too many requests: what a rate limit answers.
    NamedColor("(^| )429$", YELLOW),
    NamedColor("(^| )4(00|xx)$", ORANGE),
    NamedColor(r"(^| )4\d\d$", LIGHT_ORANGE),
    NamedColor("(^| )5(00|xx)$", RED),
    NamedColor(r"(^| )5\d\d$", LIGHT_RED),
    NamedColor("(^| )(0|no status)$", GREY),
)
"""HTTP status codes, as the last word of a name. The first pattern that matches decides."""

QUANTILES: tuple[NamedColor, ...] = (
    NamedColor("^p50$", BLUE),
    NamedColor("^p95$", ORANGE),
    NamedColor("^p99$", PURPLE),
)


def color_of(name: str, colors: Sequence[NamedColor]) -> str | None:
    """The color that the series of this name has by its meaning; None where it has none."""
    return next((each.color for each in colors if re.search(each.pattern, name)), None)
