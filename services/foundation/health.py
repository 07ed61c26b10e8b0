"""Health: is the process up, and can it serve."""

from collections.abc import Sequence

from fastapi import APIRouter, Response, status

from foundation.broker import BrokerWorker
from foundation.database import Database, DatabaseUnavailable


def health_router(database: Database, workers: Sequence[BrokerWorker]) -> APIRouter:
    """`GET /healthz` depends on nothing; `GET /readyz` answers 503 unless database and broker can be reached."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "up"}

    @router.get("/readyz")
    def readyz(response: Response) -> dict[str, bool]:
        broker = all(worker.is_connected for worker in workers)
        try:
            database.ping()
        except DatabaseUnavailable:
            reachable = False
        else:
            reachable = True
        if not (reachable and broker):
            response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return {"database": reachable, "broker": broker}

    return router
