"""A pool's methods, followed: when it is made, and when a caller asks it for a connection."""

import functools
from collections.abc import Callable
from typing import Any

from reduse.distro.base.tracebacks import theirs
from reduse.distro.sources.database.connection_pools import ConnectionPools

Call = Callable[..., Any]

# Whether a pool refused a caller because it had no connection for as long as it waits.
TimedOut = Callable[[Any, BaseException], bool]


def followed_init(original: Call, pools: ConnectionPools) -> Call:
    """A pool's `__init__`."""

    @functools.wraps(original)
    def init(pool: Any, *args: Any, **kwargs: Any) -> None:
        try:
            original(pool, *args, **kwargs)
        except BaseException as error:
            error.__traceback__ = theirs(error)
            raise
        pools.add(pool)

    return init


def followed_get(original: Call, pools: ConnectionPools, timed_out: TimedOut) -> Call:
    """The method that gives a connection."""

    @functools.wraps(original)
    def get(pool: Any, *args: Any, **kwargs: Any) -> Any:
        asked = pools.ask(pool)
        try:
            connection = original(pool, *args, **kwargs)
        except BaseException as error:
            pools.answer(asked, timed_out=timed_out(pool, error))
            error.__traceback__ = theirs(error)
            raise
        pools.answer(asked, timed_out=False)
        return connection

    return get


def followed_async_get(original: Call, pools: ConnectionPools, timed_out: TimedOut) -> Call:
    """The same of a coroutine function."""

    @functools.wraps(original)
    async def get(pool: Any, *args: Any, **kwargs: Any) -> Any:
        asked = pools.ask(pool)
        try:
            connection = await original(pool, *args, **kwargs)
        except BaseException as error:
            pools.answer(asked, timed_out=timed_out(pool, error))
            error.__traceback__ = theirs(error)
            raise
        pools.answer(asked, timed_out=False)
        return connection

    return get
