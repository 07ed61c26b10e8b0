"""The processors of a host: those that are built in, and the plug-ins of installed packages."""

from __future__ import annotations

from reduse.processor.core.plugin import Processor, discover, unique
from reduse.processor.core.processors import BUILT_IN
from reduse.processor.settings import SettingsError


def installed() -> tuple[type[Processor], ...]:
    """Raises SettingsError for a plug-in that cannot be used."""
    try:
        return unique([*BUILT_IN, *discover()])
    except Exception as error:  # importing a plug-in may raise anything
        raise SettingsError(f"plug-in: {error}: fix it or uninstall it") from error
