"""REDUSE_AGENT_USER_SHARDS: into how many shards the agent splits which service.

The agent reads it itself (collector/shards); here it is checked before anything starts. Both are held to the same
examples, collector/shards/testdata/wire.json.
"""

import re
from urllib.parse import unquote_to_bytes

from reduse.errors import SettingError
from reduse.wire import MOST_SHARDS

SETTING = "REDUSE_AGENT_USER_SHARDS"
_NAME = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})+", re.DOTALL)
_NUMBER = re.compile(r"0*[0-9]{1,3}", re.ASCII)


def read(text: str) -> dict[str, int]:
    """The number of shards of each service, `namespace/name` where it has a namespace. Raises SettingError."""
    found: dict[str, int] = {}
    for entry in text.split(",") if text.strip() else ():
        name, _, number = entry.strip().partition("=")
        service = _service(name)
        if not service:
            raise _wrong(text, entry, "names no service")
        if not _NUMBER.fullmatch(number) or not 1 <= int(number) <= MOST_SHARDS:
            raise _wrong(text, entry, f"has no number from 1 to {MOST_SHARDS}")
        if service in found:
            raise _wrong(text, entry, "names a service once more")
        found[service] = int(number)
    return found


def _service(name: str) -> str:
    try:
        return unquote_to_bytes(name).decode() if _NAME.fullmatch(name) else ""
    except UnicodeError:
        return ""


def _wrong(text: str, entry: str, what: str) -> SettingError:
    return SettingError(
        f"{SETTING}={text!r}: {entry.strip()!r} {what}: write SERVICE=SHARDS or NAMESPACE/SERVICE=SHARDS, each service "
        "once, with commas between, such as billing-go=8,eu/search-node=4, and percent-encode %, comma and = in a name."
    )
