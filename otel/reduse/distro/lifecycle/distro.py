"""The distro: defaults, and which of contrib's instrumentations run."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from os import environ
from typing import Any

from opentelemetry.instrumentation.distro import BaseDistro  # type: ignore[attr-defined]

from reduse.distro.base.errors import ConfigurationError, stop
from reduse.distro.base.settings import Settings
from reduse.distro.lifecycle.chosen import CONFIGURATOR, NAME, keep_together
from reduse.distro.lifecycle.contrib_instrumentations import refine
from reduse.distro.lifecycle.defaults import lay_defaults
from reduse.distro.lifecycle.instrumentations import REPLACED, SUPERSEDED


class ReduseDistro(BaseDistro):  # type: ignore[misc]
    """`opentelemetry-instrument` finds it by its entry point; `chosen` says which one runs among several.

    Bad settings end the process with status 2 and one line on stderr.
    """

    configured = False

    def _configure(self, **_kwargs: Any) -> None:
        try:
            _refuse_other_configurator(environ)
            keep_together(environ)
            lay_defaults(environ)
            self._tracing = Settings.from_environment(environ).tracing
        except ConfigurationError as error:
            stop(error)
        type(self).configured = True

    def load_instrumentor(self, entry_point: EntryPoint, **kwargs: Any) -> None:
        """Leave out what we measure ourselves; start the rest as contrib does."""
        if entry_point.name in SUPERSEDED:
            return
        if entry_point.name in REPLACED and not self._tracing:
            return
        super().load_instrumentor(entry_point, **kwargs)
        if self._tracing:
            refine(entry_point.name)


def _refuse_other_configurator(environment: Mapping[str, str]) -> None:
    wanted = environment.get(CONFIGURATOR) or NAME
    if wanted != NAME:
        raise ConfigurationError(
            f"{CONFIGURATOR}={wanted} is not compatible with this distro: use {NAME} or leave it unset"
        )
