"""Connections that break, hang or are slow."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reduse.soak.losses import Loss
from reduse.soak.site import AGENT_TO_GATEWAY, Site

# Bytes in a second on each connection: of what the gateway writes, a small part.
SLOW_RATE = 20_000.0


@contextmanager
def cut(site: Site, way: str) -> Iterator[Sequence[Loss]]:
    with site.links.cut(way):
        yield ()


@contextmanager
def held(site: Site, way: str) -> Iterator[Sequence[Loss]]:
    with site.links.held(way):
        yield ()


@contextmanager
def slow(site: Site, way: str) -> Iterator[Sequence[Loss]]:
    with site.links.slow(way, SLOW_RATE):
        yield ()


@contextmanager
def queue_full(site: Site, _: str) -> Iterator[Sequence[Loss]]:
    """The agent reaches nobody for so long that its queue is full."""
    with site.links.cut(AGENT_TO_GATEWAY):
        yield ()
