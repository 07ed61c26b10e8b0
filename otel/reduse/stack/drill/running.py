"""One drill from the fault to its end."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import psycopg2
from pika.exceptions import AMQPError

from reduse.errors import StackError
from reduse.operation.access import stack_store
from reduse.settings.stack import Settings
from reduse.stack.drill.definition import Drill
from reduse.stack.drill.seen import Range, seen
from reduse.stack.drill.webhook import Webhook
from reduse.stack.installation import Installation
from reduse.stack.supervision import Supervisor
from reduse.stack.waiting import wait

# At the rules' own pace, divided by the speed: longest are five minutes for a window to pass, twice.
DETECT_SECONDS = 420.0
RESOLVE_SECONDS = 900.0
# However fast: a machine that does something else meanwhile lets a fault be seen late.
LEAST_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Drilled:
    """Seconds from the fault to the alert at the webhook, and from the mending to its resolution; None: not in time."""

    drill: Drill
    detected: float | None
    resolved: float | None
    seen: Mapping[str, Range] = field(default_factory=dict)
    """Of a drill that has failed: the values that its alert's rules had meanwhile."""

    @property
    def passed(self) -> bool:
        return self.detected is not None and self.resolved is not None

    def as_dict(self) -> dict[str, object]:
        return {
            "drill": self.drill.name,
            "alert": self.drill.alert,
            "detected_s": None if self.detected is None else round(self.detected, 1),
            "resolved_s": None if self.resolved is None else round(self.resolved, 1),
            "passed": self.passed,
            **({} if self.passed else {"seen": {name: list(values) for name, values in self.seen.items()}}),
        }


def run(drill: Drill, installation: Installation, supervisor: Supervisor, webhook: Webhook, speed: float) -> Drilled:
    """Make the fault, wait for the alert, mend it, wait for the end.

    Raises:
        StackError: the alert fires before the fault is made, and does not end; or a part that it needs is away.
    """
    wait(
        partial(_fires, drill, installation.settings, webhook),
        LEAST_SECONDS,
        lambda reason: f"{reason}: wait until it is resolved, then drill {drill.name} again.",
    )
    begun = time.monotonic()
    try:
        with drill.fault(installation, supervisor):
            detected = webhook.wait(drill.wanted, "firing", begun, max(LEAST_SECONDS, DETECT_SECONDS / speed))
    except (psycopg2.Error, AMQPError) as error:
        raise StackError(
            f"{drill.name} could not be made ({str(error).strip() or error!r}): see `./reduse status`."
        ) from None
    mended = time.monotonic()
    if detected is None:
        return Drilled(drill, None, None, _seen(drill, installation.settings, begun))
    resolved = webhook.wait(drill.wanted, "resolved", mended, max(LEAST_SECONDS, RESOLVE_SECONDS / speed))
    return Drilled(
        drill, detected, resolved, {} if resolved is not None else _seen(drill, installation.settings, mended)
    )


def _seen(drill: Drill, settings: Settings, since: float) -> Mapping[str, Range]:
    with stack_store(settings) as client:
        return seen(client, drill, time.monotonic() - since)


def _fires(drill: Drill, settings: Settings, webhook: Webhook) -> str | None:
    """An alert that Alertmanager has not told the end of it would not tell again."""
    with stack_store(settings) as client:
        alerts = client.get("/api/v1/alerts")["alerts"]
    for alert in alerts:
        if alert["state"] == "firing" and drill.wanted.items() <= alert["labels"].items():
            return f"{drill.alert} fires already"
    if webhook.firing(drill.wanted):
        return f"Alertmanager has not told yet that {drill.alert} is resolved"
    return None
