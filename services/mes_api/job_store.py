"""Jobs in the database; each change of an order's job is announced through the outbox."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from fastapi import HTTPException, status

from foundation.database import Cursor, Database, Row
from foundation.outbox import enqueue

EXCHANGE = "jobs"
JOB_STATUS = "job.status"


class JobStatus(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class Line(NamedTuple):
    """So many of one article."""

    article: str
    quantity: int


class Source(NamedTuple):
    """Where a job comes from: an order, or a partner with the key and digest of the request."""

    order_id: UUID | None = None
    partner_id: str | None = None
    idempotency_key: str | None = None
    request_digest: bytes | None = None


def insert_job(cursor: Cursor, source: Source, price_cents: int, lines: Sequence[Line]) -> Row | None:
    """The new job, or None when its order, or its partner's key, has one."""
    cursor.execute(
        "INSERT INTO job (order_id, partner_id, idempotency_key, request_digest, price_cents)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
        " RETURNING *",
        (*source, price_cents),
    )
    job = cursor.fetchone()
    if job is None:
        return None
    cursor.execute(
        "INSERT INTO job_line (job_id, line, article, quantity)"
        " SELECT %s, ordinality, article, quantity"
        " FROM unnest(%s::text[], %s::int[]) WITH ORDINALITY AS line (article, quantity, ordinality)",
        (job["id"], [line.article for line in lines], [line.quantity for line in lines]),
    )
    _announce(cursor, job)
    return job


def move_job(database: Database, job_id: UUID, operator: str, source: JobStatus, target: JobStatus) -> Row:
    """The job in its new status; 404 when there is none, 409 when it is elsewhere or another operator's.

    Asking again for what was done already changes nothing and answers the same.
    """
    with database.transaction() as cursor:
        cursor.execute(
            "UPDATE job SET status = %(target)s, sequence = sequence + 1, operator = %(operator)s, updated_at = now()"
            " WHERE id = %(id)s AND status = %(source)s AND coalesce(operator, %(operator)s) = %(operator)s"
            " RETURNING *",
            {"id": job_id, "operator": operator, "source": source, "target": target},
        )
        job = cursor.fetchone()
        if job is not None:
            _announce(cursor, job)
            return job
        cursor.execute("SELECT * FROM job WHERE id = %s", (job_id,))
        job = cursor.fetchone()
    if job is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such job")
    if (job["status"], job["operator"]) != (target, operator):
        by = f" by {job['operator']}" if job["operator"] else ""
        raise HTTPException(status.HTTP_409_CONFLICT, f"the job is {job['status']}{by}")
    return job


def _announce(cursor: Cursor, job: Mapping[str, object]) -> None:
    # Partners ask for their jobs; only an order has somebody waiting for news.
    if job["order_id"] is not None:
        told = ("order_id", "status", "sequence", "updated_at")
        enqueue(cursor, EXCHANGE, JOB_STATUS, {"job_id": job["id"], **{column: job[column] for column in told}})
