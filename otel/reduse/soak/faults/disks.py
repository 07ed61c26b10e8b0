"""Disks that are full."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reduse.soak.faults import processes
from reduse.soak.losses import Loss
from reduse.soak.site import Site

PROMETHEUS = "prometheus"


@contextmanager
def full(site: Site, disk: str) -> Iterator[Sequence[Loss]]:
    with site.disks[disk].full():
        yield ()
    if disk == PROMETHEUS:
        # Its log may be torn, which the alert StoreLogTorn tells until the next start; no end of it may cost anything.
        with processes.killed(site, PROMETHEUS):
            pass
