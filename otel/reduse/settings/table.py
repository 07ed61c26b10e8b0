"""The one table of settings: every environment variable of every part, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reduse.processes.model import Processes
from reduse.processes.own_settings import all_settings
from reduse.redaction import without_secrets
from reduse.settings import parts
from reduse.settings.setting import Setting, merged, of_model, text
from reduse.settings.stack import PREFIX, Settings

STACK = "stack"
COMPANY = "the company's processes"
SECRETS = frozenset({"REDUSE_USER_HASH_KEY"})
"""Whose value is shown to nobody."""


@dataclass(frozen=True, slots=True)
class Current:
    """A setting with the value that it has here, and where that comes from."""

    setting: Setting
    value: str | None
    source: str

    def as_dict(self) -> dict[str, object]:
        return {**self.setting.as_dict(), "value": self.value, "source": self.source, "help": self.setting.help}


def table(processes: Processes) -> tuple[Setting, ...]:
    """Every setting, in alphabetical order; those of this company's processes among them."""
    own = (
        Setting(setting.name, (COMPANY,), setting.kind, text(setting.default), setting.help)
        for setting in all_settings(processes)
    )
    return merged((*of_model(Settings, PREFIX, STACK), *own, *parts.ALL))


def current(
    rows: Sequence[Setting], environment: Mapping[str, str], found: Mapping[str, str] | None = None
) -> list[Current]:
    """What each setting is in this environment; an empty variable is one that is not set.

    Args:
        found: values of some that are not set, and that are found in another way.
    """
    return [_current(row, environment.get(row.name, ""), (found or {}).get(row.name)) for row in rows]


def _current(row: Setting, given: str, found: str | None) -> Current:
    if given:
        return Current(row, _shown(row.name, given), "environment")
    if found is not None:
        return Current(row, found, "found")
    return Current(row, row.default, "default" if row.default is not None else "unset")


def _shown(name: str, value: str) -> str:
    if name in SECRETS:
        return "…"
    return without_secrets(value) if name.endswith("_URL") else value
