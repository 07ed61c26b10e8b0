"""What partners do: ask for a price, submit a job, track it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Response, status
from pydantic import BaseModel, ConfigDict, Field

from foundation.database import Row
from foundation.idempotency import IdempotencyKey, digest_with_key, refuse_other_body
from foundation.service import DatabaseOf
from mes_api.authentication import PartnerOf
from mes_api.job_store import JobStatus, Line, Source, insert_job
from mes_api.pricing import Part, price_of

MOST_PARTS = 5

router = APIRouter(prefix="/partner", tags=["partners"])


class PriceAnswer(BaseModel):
    """A price and the plan it comes from."""

    total_cents: int
    machine: str
    layer_height_mm: float
    parts_on_plate: int
    machine_hours: float


class JobSubmitted(BaseModel):
    """What a partner wants made."""

    model_config = ConfigDict(extra="forbid")

    parts: Annotated[list[Part], Field(min_length=1, max_length=MOST_PARTS)]


class PartnerJob(BaseModel):
    """A job as its partner sees it."""

    id: UUID
    status: JobStatus
    price_cents: int
    created_at: datetime
    updated_at: datetime


@router.post("/price", response_model=PriceAnswer)
def calculate_price(part: Part, _: PartnerOf) -> dict[str, object]:
    """The price of a part; nothing is kept."""
    return price_of(part)._asdict()


@router.post("/jobs", status_code=status.HTTP_201_CREATED, response_model=PartnerJob)
def submit_job(
    submitted: JobSubmitted,
    response: Response,
    partner_id: PartnerOf,
    database: DatabaseOf,
    key: IdempotencyKey = None,
) -> Row:
    """The job that was made; 200 with the first one when its Idempotency-Key is already known."""
    digest = digest_with_key(key, submitted)
    price_cents = sum(price_of(part).total_cents for part in submitted.parts)
    lines = [Line(_article(part), part.quantity) for part in submitted.parts]
    with database.transaction() as cursor:
        job = insert_job(cursor, Source(None, partner_id, key, digest), price_cents, lines)
        if job is not None:
            return job
        # A conflict means that the first is committed: this transaction waited for it.
        cursor.execute("SELECT * FROM job WHERE partner_id = %s AND idempotency_key = %s", (partner_id, key))
        first = cursor.fetchone()
    if first is None:
        raise HTTPException(status.HTTP_409_CONFLICT, "the first job with this Idempotency-Key is gone: use a new key")
    refuse_other_body(first["request_digest"], digest)
    response.status_code = status.HTTP_200_OK
    return first


@router.get("/jobs/{job_id}", response_model=PartnerJob)
def track_job(job_id: UUID, partner_id: PartnerOf, database: DatabaseOf) -> Row:
    """One of the partner's own jobs; 404 for any other."""
    job = database.fetch_one("SELECT * FROM job WHERE id = %s AND partner_id = %s", (job_id, partner_id))
    if job is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such job of yours")
    return job


def _article(part: Part) -> str:
    return f"{part.material} {part.length_mm:g} x {part.width_mm:g} x {part.height_mm:g} mm"
