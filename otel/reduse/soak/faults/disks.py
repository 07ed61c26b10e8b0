"""Disks that are full."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reduse.soak.losses import Loss
from reduse.soak.site import Site
from reduse.stack.drill.faults.parts import part_stopped

PROMETHEUS = "prometheus"


@contextmanager
def full(site: Site, disk: str) -> Iterator[Sequence[Loss]]:
    with site.disks[disk].full():
        yield ()
    if disk == PROMETHEUS:
        # As the runbook of StoreNotTaking says: its log is torn, and until then a kill would cost all since.
        with part_stopped(site.installation, site.supervisor, PROMETHEUS):
            pass
