"""Loaded by `opentelemetry-instrument` before it starts the service, to learn of variables: one can be set yet."""

from contextlib import suppress
from os import environ

from reduse.distro.lifecycle.chosen import prefer_to_contribs

# Whatever fails here must not keep the service from starting.
with suppress(Exception):
    prefer_to_contribs(environ)
