"""The pools of `psycopg2.pool`, measured by patches of its classes; subclasses are covered too.

These pools do not wait: one that is exhausted refuses at once. So a caller is pending while it is inside `getconn`,
which is while another one connects or it connects itself, and a refusal counts as a timeout, after no time.
"""

from os import environ
from typing import Any

from wrapt import register_post_import_hook

from reduse.distro.sources.database.connection_pools import ConnectionPools, Usage
from reduse.distro.sources.database.pool_calls import followed_get, followed_init
from reduse.distro.sources.database.pool_metrics import PoolMetrics
from reduse.distro.sources.database.pool_name import pool_name
from reduse.distro.sources.instrumentation import Instrumentation, Process


def psycopg2_pools() -> ConnectionPools:
    """The pools of every `psycopg2.pool` class of this process, now or when that is imported."""
    pools = ConnectionPools(name_of, usage_of)
    register_post_import_hook(lambda module: measure_pools(module, pools), "psycopg2.pool")
    return pools


def measure_pools(module: Any, pools: ConnectionPools) -> None:
    """Measure the pools of a module like `psycopg2.pool`."""
    every = module.AbstractConnectionPool
    every.__init__ = followed_init(every.__init__, pools)

    def timed_out(pool: Any, error: BaseException) -> bool:
        # A closed pool refuses too.
        return isinstance(error, module.PoolError) and not pool.closed

    for kind in (module.SimpleConnectionPool, module.ThreadedConnectionPool):
        kind.getconn = followed_get(kind.getconn, pools, timed_out)


def name_of(pool: Any) -> str:
    """The name of a pool: from its connection string, and before that from the parameters given beside it."""
    # psycopg2 has no public way to them; a test holds it.
    positional, keywords = getattr(pool, "_args", ()), getattr(pool, "_kwargs", {})
    given = {name: value for name, value in keywords.items() if value is not None}
    return pool_name(_parsed(positional[0] if positional else keywords.get("dsn")) | given, environ)


def _parsed(dsn: Any) -> dict[str, Any]:
    from psycopg2 import ProgrammingError
    from psycopg2.extensions import parse_dsn

    try:
        return dict(parse_dsn(dsn)) if dsn else {}
    except (ProgrammingError, TypeError):
        # psycopg2 refuses it too, when the pool connects. What it says may hold a password.
        return {}


def usage_of(pool: Any) -> Usage:
    """The connections of a pool; a closed one has none."""
    if pool.closed:
        return Usage()
    return Usage(idle=len(getattr(pool, "_pool", ())), used=len(getattr(pool, "_used", ())), maximum=pool.maxconn)


def _start(process: Process) -> None:
    process.source(PoolMetrics).follow(psycopg2_pools())


PSYCOPG2_POOLS = Instrumentation("psycopg2", _start)
