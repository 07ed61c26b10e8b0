"""What can be set apart because of a defect."""

from __future__ import annotations

from enum import StrEnum


class Held(StrEnum):
    """What is in quarantine: the `what` of reduse.processor.quarantined."""

    # A request of the log: its points are not counted.
    REQUEST = "request"
    # Another record of the log: a window or a stream ends later than it did.
    COMMAND = "command"
    # The state of a service whose window could not be closed: it begins anew.
    SERVICE = "service"
    # What a window yields: it cannot be encoded, and is not sent.
    METRICS = "metrics"
