"""What instrumentation adds to the CPU time of a database operation, by driver: ours beside contrib's.

Contrib's makes spans, which nobody takes, and with the opt-in the metric that ours makes; of asyncpg only spans.
"""

from pathlib import Path

from benchmarks.distro.cpu import on_one_core
from benchmarks.distro.database_client import DRIVERS
from benchmarks.distro.operations import (
    KEPT_MESSAGES,
    OperationCost,
    Program,
    check_counted,
    measure_operations,
)
from benchmarks.distro.services import sink
from tests.postgres import PASSWORD, SUPERUSER, start_postgres

_DURATION = "db.client.operation.duration"


def measure_databases(folder: Path, rounds: int) -> OperationCost:
    """Every driver on one PostgreSQL; the operations are named as the drivers.

    Raises:
        RuntimeError: ours has not counted what it executed.
    """
    with sink(folder, KEPT_MESSAGES) as (_, endpoints), on_one_core(), start_postgres() as server:
        dsn = f"host={server.host} port={server.port} user={SUPERUSER} password={PASSWORD} dbname=postgres"
        programs = [
            Program(driver, ("-m", "benchmarks.distro.database_client", driver, dsn), (driver,)) for driver in DRIVERS
        ]
        cost, executed = measure_operations(folder, endpoints, programs, rounds)
        for driver in DRIVERS:
            check_counted(endpoints, driver, _DURATION, executed[driver])
    return cost
