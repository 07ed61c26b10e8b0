"""Paths that a route's template takes, as a regular expression that RE2 and PCRE read alike."""

import re

# Of FastAPI and Starlette `{name}` and `{name:path}`, of Flask `<name>` and `<path:name>`; and what is any characters.
_VARIABLE = re.compile(r"\{([^{}]*)\}|<([^<>]*)>|\*")


def path_pattern(template: str) -> str:
    """Without anchors. A parameter is one part of a path, unless its kind is that of a path."""
    pattern, end = "", 0
    for found in _VARIABLE.finditer(template):
        pattern += re.escape(template[end : found.start()]) + _variable(found)
        end = found.end()
    return pattern + re.escape(template[end:])


def _variable(found: re.Match[str]) -> str:
    name, flask = found[1], found[2]
    of_a_path = (name or "").endswith(":path") or (flask or "").startswith("path:")
    return ".*" if of_a_path or found[0] == "*" else "[^/]+"
