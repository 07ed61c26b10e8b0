"""asyncpg's pools.

They cannot be referred to weakly, and nobody's pool is to be kept alive by being measured. So `asyncpg.pool.Pool` is
replaced by a class of the same name that can.
"""

from os import environ
from typing import Any
from urllib.parse import urlsplit

from wrapt import register_post_import_hook

from reduse.distro.sources.database.connection_pools import ConnectionPools, Usage
from reduse.distro.sources.database.pool_calls import followed_async_get, followed_init
from reduse.distro.sources.database.pool_metrics import PoolMetrics
from reduse.distro.sources.database.pool_name import pool_name
from reduse.distro.sources.instrumentation import Instrumentation, Process


def measure_pools(module: Any, pools: ConnectionPools) -> None:
    """Measure the pools of a module like `asyncpg.pool`, from before `asyncpg` itself takes its class."""
    kind = module.Pool
    if not getattr(kind, "__weakrefoffset__", 0):
        namespace = {name: getattr(kind, name) for name in ("__module__", "__qualname__", "__doc__")}
        kind = type(kind.__name__, (kind,), {"__slots__": ("__weakref__",), **namespace})
        module.Pool = kind
    kind.__init__ = followed_init(kind.__init__, pools)
    # What `acquire` gives awaits this, and so do the pool's own `fetch` and `execute`.
    kind._acquire = followed_async_get(kind._acquire, pools, _timed_out)  # noqa: SLF001 - a test holds it


def _timed_out(_pool: Any, error: BaseException) -> bool:
    return isinstance(error, TimeoutError)


def name_of(pool: Any) -> str:
    """The name of a pool: from its URL, and before that from the parameters given beside it."""
    # asyncpg has no public way to them; a test holds it.
    positional, keywords = pool._connect_args, pool._connect_kwargs  # noqa: SLF001
    given = {name: _first(value) for name, value in keywords.items() if value is not None}
    return pool_name(_parsed(positional[0] if positional else None) | given, environ)


def _first(value: Any) -> Any:
    # Hosts and ports may be several, for one that answers.
    return value[0] if isinstance(value, (list, tuple)) and value else value


def _parsed(dsn: Any) -> dict[str, Any]:
    try:
        url = urlsplit(dsn) if isinstance(dsn, str) else None
        return {"host": url.hostname, "port": url.port, "database": url.path.lstrip("/")} if url else {}
    except ValueError:
        # asyncpg refuses it too, when the pool connects.
        return {}


def usage_of(pool: Any) -> Usage:
    """The connections of a pool; a closed one has none."""
    if pool.is_closing():
        return Usage()
    idle = pool.get_idle_size()
    return Usage(idle=idle, used=pool.get_size() - idle, maximum=pool.get_max_size())


def _start(process: Process) -> None:
    pools = ConnectionPools(name_of, usage_of)
    process.source(PoolMetrics).follow(pools)
    register_post_import_hook(lambda module: measure_pools(module, pools), "asyncpg.pool")


ASYNCPG_POOLS = Instrumentation("asyncpg", _start)
