"""Who is told of what."""

from enum import StrEnum

from pydantic import Field, model_validator

from reduse.watch.record import Record
from reduse.watch.values import ForeignName, Name, WebAddress
from reduse.watch.wrong import refused

WAYS = ("webhook_url", "webhook_url_file", "email_to", "telegram_chat")


class Severity(StrEnum):
    """How soon somebody has to look: now, or in working hours."""

    CRITICAL = "critical"
    WARNING = "warning"


class Receiver(Record):
    """Where alerts are sent: one or more ways."""

    name: Name = Field(description="Its name in `notify`.")
    webhook_url: WebAddress | None = Field(default=None, description="Alerts are posted to this URL.")
    webhook_url_file: ForeignName | None = Field(
        default=None, description="A file with that URL, if the URL is a secret."
    )
    email_to: ForeignName | None = Field(
        default=None,
        description="Alerts are sent to this e-mail address by the server in the `REDUSE_ALERT_SMTP_*` settings.",
    )
    telegram_chat: int | None = Field(
        default=None,
        strict=True,
        ge=-(2**53),
        le=2**53,
        description="The id of a chat that alerts are sent to; the bot's token is in a file of its own.",
    )

    @model_validator(mode="after")
    def _has_a_way(self) -> "Receiver":
        if all(getattr(self, way) is None for way in WAYS):
            raise refused("has no way to send an alert", f"give it one of {', '.join(WAYS)}")
        if self.webhook_url and self.webhook_url_file:
            raise refused("has both `webhook_url` and `webhook_url_file`", "give it one of them")
        return self


class Notification(Record):
    """Alerts of these parts go to this receiver, beside those who are told of everything."""

    receiver: Name = Field(description="The name of a receiver of this file.")
    parts: tuple[Name, ...] = Field(
        default=(), max_length=1_000, description="Names of services, databases and brokers; all by default."
    )
    severity: Severity | None = Field(
        default=None, description="Only alerts of this severity, `critical` or `warning`; both by default."
    )
