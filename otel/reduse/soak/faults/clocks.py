"""Clocks of services that are wrong for a while."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reduse.soak.losses import Loss
from reduse.soak.site import Site

STEPS = {"ahead": 240, "far ahead": 3600, "behind": -240, "far behind": -3600}


def targets(services: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{service} {step}" for service in services for step in STEPS)


@contextmanager
def stepped(site: Site, target: str) -> Iterator[Sequence[Loss]]:
    """The service's clock is set, and set right again at the end."""
    service, _, step = target.partition(" ")
    with site.clocks[service].ahead(STEPS[step]):
        yield ()
