"""One port from the start of what serves it to its end."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.ports.running import BrokenError, Result, attack, save, smallest
from tests.fuzz.ports.targets import TARGETS


def fuzz(
    port: str,
    folder: Path,
    seed: int,
    *,
    payloads: int | None = None,
    seconds: float | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Result:
    """Send so many payloads, or for so long.

    Args:
        port: one of TARGETS.
        folder: for data and logs, and for the smallest payload that was answered as none may be.
        seed: whoever gives the same gets the same payloads, but for the time in them.
        payloads: how many; None: as many as there is time for.
        seconds: for how long; None: until all are sent.
        told: is told what goes on.
    """
    result = Result(port, seed)
    try:
        with TARGETS[port](folder / port, seed) as target:
            try:
                asyncio.run(
                    attack(
                        target.kinds,
                        result,
                        at_once=target.at_once,
                        payloads=payloads,
                        seconds=seconds,
                        check=target.check,
                        told=told,
                    )
                )
                target.check()
            except BrokenError as error:
                _keep(result, error, folder)
            result.memory = target.memory()
        # It was served until the end.
        result.innocent = target.innocent()
    except (BrokenError, AssertionError, TimeoutError) as error:
        result.broken = result.broken or str(error)
    return result


def _keep(result: Result, error: BrokenError, folder: Path) -> None:
    result.broken = str(error)
    if error.kind is not None:
        payload = asyncio.run(smallest(error.kind, error.payload))
        result.saved = str(save(folder, result.port, error.kind, payload))
