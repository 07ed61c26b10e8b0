"""What the MES says about the job of an order."""

from uuid import UUID

from pydantic import BaseModel, Field

from crm_api.transitions import PRODUCTION_STATUS, UNDER_PRODUCTION, JobStatus
from foundation.database import Database

QUEUE = "crm.job-status"


class JobStatusChanged(BaseModel):
    """A `job.status` message; fields it may gain later are ignored."""

    order_id: UUID
    status: JobStatus
    sequence: int = Field(ge=1)


class ProductionStatus:
    """Moves orders as their jobs move; a message repeated or overtaken by a newer one changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __call__(self, body: bytes) -> None:
        """Take one message into the database; ValueError when it is none of ours or names an unknown order."""
        message = JobStatusChanged.model_validate_json(body)
        with self._database.transaction() as cursor:
            cursor.execute(
                "UPDATE orders SET job_sequence = %s, updated_at = now(),"
                " status = CASE WHEN status = ANY(%s) THEN %s ELSE status END"
                " WHERE id = %s AND job_sequence < %s",
                (
                    message.sequence,
                    list(UNDER_PRODUCTION),
                    PRODUCTION_STATUS[message.status],
                    message.order_id,
                    message.sequence,
                ),
            )
            if cursor.rowcount:
                return
            cursor.execute("SELECT 1 FROM orders WHERE id = %s", (message.order_id,))
            if cursor.fetchone() is None:
                raise ValueError(f"no order {message.order_id}")
