"""Settings that a company's processes bring with them: their ports, and those of the company's own."""

from collections.abc import Mapping

from reduse.errors import SettingError
from reduse.processes.model import OwnSetting, Processes

Value = str | int | float


def all_settings(processes: Processes) -> tuple[OwnSetting, ...]:
    """Every setting of these processes, the ports first."""
    ports = (
        OwnSetting(
            name=listener.setting,
            kind="whole number",
            default=listener.default,
            minimum=1,
            maximum=65_535,
            help=f"Port of {listener.process}{f' ({listener.name})' if listener.name else ''}.",
        )
        for listener in processes.listeners
    )
    return (*ports, *processes.settings)


def values(processes: Processes, environment: Mapping[str, str]) -> dict[str, Value]:
    """The value of each, by name; as elsewhere an empty variable is one that is not set.

    Raises:
        SettingError: one has a value that it cannot have.
    """
    return {setting.name: _value(setting, environment.get(setting.name, "")) for setting in all_settings(processes)}


def _value(setting: OwnSetting, text: str) -> Value:
    if not text:
        return setting.default
    if setting.kind == "text":
        return text
    try:
        number = int(text) if setting.kind == "whole number" else float(text)
    except ValueError:
        raise SettingError(_told(setting, text, f"must be a {setting.kind}")) from None
    # Written so that what is no number to compare with (nan) is refused too.
    if setting.minimum is not None and not number >= setting.minimum:
        raise SettingError(_told(setting, text, f"must be at least {setting.minimum:g}"))
    if setting.maximum is not None and not number <= setting.maximum:
        raise SettingError(_told(setting, text, f"must be at most {setting.maximum:g}"))
    return number


def _told(setting: OwnSetting, text: str, wrong: str) -> str:
    return f"{setting.name}={text!r}: {wrong}. Give it another value, or unset it for {setting.default}."
