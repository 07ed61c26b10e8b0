"""Disks that are full."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reduse.soak.losses import Loss
from reduse.soak.site import Site


@contextmanager
def full(site: Site, disk: str) -> Iterator[Sequence[Loss]]:
    with site.disks[disk].full():
        yield ()
