"""How the status of an order may change, by a clerk and by production."""

from enum import StrEnum


class OrderStatus(StrEnum):
    """Where an order is."""

    PLACED = "placed"
    ACCEPTED = "accepted"
    IN_PRODUCTION = "in_production"
    COMPLETED = "completed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class JobStatus(StrEnum):
    """Where the job of an order is, as the MES says."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


CLERK_TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PLACED: frozenset({OrderStatus.CANCELLED}),
    OrderStatus.ACCEPTED: frozenset({OrderStatus.CANCELLED}),
    OrderStatus.IN_PRODUCTION: frozenset(),
    OrderStatus.COMPLETED: frozenset({OrderStatus.SHIPPED}),
    OrderStatus.SHIPPED: frozenset({OrderStatus.DELIVERED}),
    OrderStatus.DELIVERED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}

PRODUCTION_STATUS: dict[JobStatus, OrderStatus] = {
    JobStatus.QUEUED: OrderStatus.ACCEPTED,
    JobStatus.IN_PROGRESS: OrderStatus.IN_PRODUCTION,
    JobStatus.COMPLETED: OrderStatus.COMPLETED,
}

# Production moves an order through these; what a clerk has ended or sent stays so.
UNDER_PRODUCTION = frozenset({OrderStatus.PLACED, OrderStatus.ACCEPTED, OrderStatus.IN_PRODUCTION})


def sources_of(target: OrderStatus) -> list[OrderStatus]:
    """The statuses from which a clerk may move an order to this one."""
    return [source for source, targets in CLERK_TRANSITIONS.items() if target in targets]
