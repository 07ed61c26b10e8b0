"""The start and the end of a uvicorn server, whatever its application knows of lifespan.

uvicorn ends by raising the signal that it got once more, which ends the process before anything runs at exit. What is
counted last must go out before that: after the connections and the lifespan have ended.
"""

import asyncio
import functools
from collections.abc import Callable
from typing import Any

from wrapt import register_post_import_hook


class ServerLife:
    """Tells when a server of this process starts and ends.

    Args:
        starts: called before a server takes its first connection.
        flush: sends what was counted; blocks, for a bounded time.
    """

    def __init__(self, starts: Callable[[], None], flush: Callable[[], None]) -> None:
        self._starts = starts
        self._flush = flush
        self._ending = False

    def follow_uvicorn(self) -> None:
        """Follow every uvicorn server of this process, now or when uvicorn is imported."""
        register_post_import_hook(lambda module: self.follow_class(module.Server), "uvicorn.server")

    def follow_class(self, server: Any) -> None:
        """Follow every server of this class; its `startup` and `shutdown` are coroutine functions."""
        startup, shutdown = server.startup, server.shutdown

        @functools.wraps(startup)
        async def started(*args: Any, **kwargs: Any) -> None:
            self._starts()
            await startup(*args, **kwargs)

        @functools.wraps(shutdown)
        async def ended(*args: Any, **kwargs: Any) -> None:
            self._ending = True
            try:
                await shutdown(*args, **kwargs)
            finally:
                self._ending = False
                await flush_in_thread(self._flush)

        server.startup, server.shutdown = started, ended

    def flush_after_lifespan(self) -> None:
        """The application's lifespan has ended. Under uvicorn the server's end follows, and that is soon enough."""
        if not self._ending:
            self._flush()


async def flush_in_thread(flush: Callable[[], None]) -> None:
    """Flush without holding up the event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        # Another kind of event loop. All requests have ended: nothing is held up by waiting here.
        flush()
    else:
        await asyncio.to_thread(flush)
