"""The resident memory of each part of a running stack."""

from collections.abc import Mapping
from contextlib import suppress

import psutil

from reduse.soak.watching import memory
from reduse.stack.supervision import Supervisor


def resident(supervisor: Supervisor, others: Mapping[str, int]) -> dict[str, int]:
    """Bytes of each part, and of the processes with these numbers."""
    found = {part: size for part, (_, size) in memory(supervisor).items()}
    for name, pid in others.items():
        with suppress(psutil.Error):
            found[name] = int(psutil.Process(pid).memory_info().rss)
    return found
