"""What operators do: see the jobs, claim one, complete it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from foundation.database import Row
from foundation.identifier import Identifier
from foundation.paging import PageSize, Position, next_cursor, page_start
from foundation.service import DatabaseOf, RelayOf
from mes_api.job_store import JobStatus, move_job

router = APIRouter(prefix="/jobs", tags=["operators"])


class Job(BaseModel):
    """A job as operators see it."""

    id: UUID
    order_id: UUID | None
    partner_id: str | None
    status: JobStatus
    operator: str | None
    created_at: datetime
    updated_at: datetime


class JobPage(BaseModel):
    """Jobs, oldest first, and where the next page starts."""

    jobs: list[Job]
    next_cursor: str | None


class Operator(BaseModel):
    """Who claims or completes."""

    model_config = ConfigDict(extra="forbid")

    operator: Identifier


@router.get("", response_model=JobPage)
def list_jobs(
    database: DatabaseOf,
    start: Annotated[Position, Depends(page_start)],
    job_status: Annotated[JobStatus | None, Query(alias="status")] = None,
    page_size: PageSize = 20,
) -> dict[str, object]:
    """Jobs of a status, or all, oldest first."""
    jobs = database.fetch_all(
        "SELECT id, order_id, partner_id, status, operator, created_at, updated_at FROM job"
        " WHERE (%(status)s::text IS NULL OR status = %(status)s)"
        " AND (%(id)s::uuid IS NULL OR (created_at, id) > (%(created_at)s::timestamptz, %(id)s::uuid))"
        " ORDER BY created_at, id LIMIT %(limit)s",
        {"status": job_status, **start._asdict(), "limit": page_size},
    )
    return {"jobs": jobs, "next_cursor": next_cursor(jobs, page_size)}


@router.post("/{job_id}/claim", response_model=Job)
def claim_job(job_id: UUID, by: Operator, database: DatabaseOf, relay: RelayOf) -> Row:
    """The job, now this operator's; 409 when it is taken."""
    job = move_job(database, job_id, by.operator, JobStatus.QUEUED, JobStatus.IN_PROGRESS)
    relay.wake()
    return job


@router.post("/{job_id}/complete", response_model=Job)
def complete_job(job_id: UUID, by: Operator, database: DatabaseOf, relay: RelayOf) -> Row:
    """The job, completed by the operator who claimed it; 409 for anybody else."""
    job = move_job(database, job_id, by.operator, JobStatus.IN_PROGRESS, JobStatus.COMPLETED)
    relay.wake()
    return job
