"""Routes that a setting lists: those that are counted by user, and those that are public."""

from collections.abc import Callable, Iterable
from functools import lru_cache

from reduse.distro.base.errors import ConfigurationError

SETTING = "REDUSE_USER_ROUTES"
PUBLIC_SETTING = "REDUSE_USER_PUBLIC_ROUTES"

# Applications have fewer routes; one that makes them up as it goes only loses the short cut.
CACHED_TEMPLATES = 1_024


def listed_routes(patterns: Iterable[str]) -> Callable[[str | None], bool]:
    """Whether a route template is among those that are listed.

    A pattern is a template as it stands in `http.route`, or the beginning of one and a `*`. Requests that no route
    took, of which `http.route` says nothing, match none, not even `*`.
    """
    patterns = tuple(patterns)
    exact = frozenset(pattern for pattern in patterns if not pattern.endswith("*"))
    beginnings = tuple(pattern.removesuffix("*") for pattern in patterns if pattern.endswith("*"))

    @lru_cache(maxsize=CACHED_TEMPLATES)
    def is_listed(template: str | None) -> bool:
        return template is not None and (template in exact or template.startswith(beginnings))

    return is_listed


def check_pattern(pattern: str, setting: str = SETTING) -> str:
    """The pattern, if it is one.

    Raises:
        ConfigurationError: it does not begin with a slash, or has a `*` that is not at its end.
    """
    if "*" in pattern[:-1] or not pattern.startswith(("/", "*")):
        raise ConfigurationError(
            f"{setting}: {pattern!r} is not a route template: begin it with / and use * only at its end, "
            "as in /items/{item_id},/api/v1/*"
        )
    return pattern
