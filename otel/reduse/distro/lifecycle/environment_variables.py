"""Loaded by `opentelemetry-instrument` before it starts the service, to learn of variables: one can be set yet."""

from contextlib import suppress
from os import environ

from reduse.distro.base.errors import ConfigurationError, stop
from reduse.distro.lifecycle.chosen import prefer_to_contribs, refuse_unknown_distro

# Whatever else fails here must not keep the service from starting.
with suppress(Exception):
    prefer_to_contribs(environ)
    try:
        refuse_unknown_distro(environ)
    except ConfigurationError as error:
        stop(error)
