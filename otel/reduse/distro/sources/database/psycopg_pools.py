"""The pools of `psycopg_pool`, of both kinds; those that keep no connection have no maximum unless it is set."""

from os import environ
from typing import Any

from wrapt import register_post_import_hook

from reduse.distro.sources.database.connection_pools import ConnectionPools, Usage
from reduse.distro.sources.database.pool_calls import followed_async_get, followed_get, followed_init
from reduse.distro.sources.database.pool_metrics import PoolMetrics
from reduse.distro.sources.database.pool_name import pool_name
from reduse.distro.sources.instrumentation import Instrumentation, Process


def measure_pools(module: Any, pools: ConnectionPools) -> None:
    """Measure the pools of a module like `psycopg_pool`."""

    def timed_out(_pool: Any, error: BaseException) -> bool:
        return isinstance(error, module.PoolTimeout)

    for kind, followed in ((module.ConnectionPool, followed_get), (module.AsyncConnectionPool, followed_async_get)):
        kind.__init__ = followed_init(kind.__init__, pools)
        kind.getconn = followed(kind.getconn, pools, timed_out)


def name_of(pool: Any) -> str:
    """The name of a pool: from its connection string, and before that from the parameters given beside it.

    One that asks for them each time, by functions, is named by what its environment says.
    """
    parameters = pool.kwargs if isinstance(pool.kwargs, dict) else {}
    given = {name: value for name, value in parameters.items() if value is not None}
    return pool_name(_parsed(pool.conninfo) | given, environ)


def _parsed(conninfo: Any) -> dict[str, Any]:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        return dict(conninfo_to_dict(conninfo)) if isinstance(conninfo, str) else {}
    except ProgrammingError:
        # psycopg refuses it too, when the pool connects. What it says may hold a password.
        return {}


def usage_of(pool: Any) -> Usage:
    """The connections of a pool; a closed one has none."""
    if pool.closed:
        return Usage()
    measures = pool.get_stats()
    idle = measures["pool_available"]
    return Usage(idle=idle, used=measures["pool_size"] - idle, maximum=pool.max_size or None)


def _start(process: Process) -> None:
    pools = ConnectionPools(name_of, usage_of)
    process.source(PoolMetrics).follow(pools)
    register_post_import_hook(lambda module: measure_pools(module, pools), "psycopg_pool")


PSYCOPG_POOLS = Instrumentation("psycopg", _start)
