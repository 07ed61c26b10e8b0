"""SQLAlchemy's pools of any database: the queue, also for asyncio, and the one that keeps no connection.

A pool does not know where it connects, its engine does. The operations are the driver's to measure.
"""

import functools
from collections import Counter
from collections.abc import Callable
from os import environ
from typing import Any
from weakref import WeakKeyDictionary

from wrapt import register_post_import_hook

from reduse.distro.sources.database.connection_pools import ConnectionPools, Usage
from reduse.distro.sources.database.pool_calls import followed_get
from reduse.distro.sources.database.pool_metrics import PoolMetrics
from reduse.distro.sources.database.pool_name import pool_name
from reduse.distro.sources.instrumentation import Instrumentation, Process

# Of a pool that was made without an engine.
_UNNAMED = "sqlalchemy"
_POSTGRESQL = "postgresql"


class EnginePools:
    """The pools of engines, by the function that connects: an engine's next pool has the same one."""

    def __init__(self) -> None:
        self.pools = ConnectionPools(self.name_of, self.usage_of)
        self._names: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        self._out: WeakKeyDictionary[Any, Counter[None]] = WeakKeyDictionary()

    def measure_engines(self, module: Any) -> None:
        """Name the pools of engines of a module like `sqlalchemy.engine.base`."""
        original = module.Engine.__init__

        @functools.wraps(original)
        def init(engine: Any, pool: Any, dialect: Any, url: Any, *args: Any, **kwargs: Any) -> None:
            original(engine, pool, dialect, url, *args, **kwargs)
            self.pools.safely(lambda: self._named(pool, url))

        module.Engine.__init__ = init

    def measure_pools(self, module: Any) -> None:
        """Measure the pools of a module like `sqlalchemy.pool`."""
        for kind in (module.QueuePool, module.NullPool):
            kind.connect = followed_get(kind.connect, self.pools, _timed_out)
        null = module.NullPool
        # How many it has given out, it does not count itself.
        null._do_get = self._counted(null._do_get, 1)  # noqa: SLF001
        null._do_return_conn = self._counted(null._do_return_conn, -1)  # noqa: SLF001

    def _named(self, pool: Any, url: Any) -> None:
        self._names[pool._creator] = name_of_url(url)  # noqa: SLF001 - a test holds it

    def _counted(self, original: Callable[..., Any], difference: int) -> Callable[..., Any]:
        @functools.wraps(original)
        def call(pool: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(pool, *args, **kwargs)
            self._out.setdefault(pool, Counter())[None] += difference
            return result

        return call

    def name_of(self, pool: Any) -> str:
        """The name of a pool: where its engine connects, without a user or a secret."""
        return self._names.get(pool._creator, _UNNAMED)  # noqa: SLF001

    def usage_of(self, pool: Any) -> Usage:
        """The connections of a pool."""
        if not hasattr(pool, "checkedin"):
            return Usage(used=self._out.get(pool, Counter())[None], maximum=None)
        overflow = getattr(pool, "_max_overflow", 0)
        unlimited = overflow < 0
        return Usage(pool.checkedin(), pool.checkedout(), None if unlimited else pool.size() + overflow)


def name_of_url(url: Any) -> str:
    """The name of a pool that connects to this URL of SQLAlchemy's."""
    if url.get_backend_name() == _POSTGRESQL:
        given = {"host": url.host, "port": url.port, "database": url.database}
        return pool_name(dict(url.query) | {name: value for name, value in given.items() if value}, environ)
    server = f"{url.host}:{url.port}" if url.host and url.port else url.host or url.get_backend_name()
    return f"{server}/{url.database}" if url.database else str(server)


def _timed_out(_pool: Any, error: BaseException) -> bool:
    from sqlalchemy.exc import TimeoutError as NoConnection

    return isinstance(error, NoConnection)


def _start(process: Process) -> None:
    engines = EnginePools()
    process.source(PoolMetrics).follow(engines.pools)
    register_post_import_hook(engines.measure_engines, "sqlalchemy.engine.base")
    register_post_import_hook(engines.measure_pools, "sqlalchemy.pool")


SQLALCHEMY_POOLS = Instrumentation("sqlalchemy", _start)
