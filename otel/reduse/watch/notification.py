"""Who is told of what."""

from enum import StrEnum

from pydantic import Field, model_validator

from reduse.watch.record import Record
from reduse.watch.values import Name, WebAddress


class Severity(StrEnum):
    """How soon somebody has to look: now, or in working hours."""

    CRITICAL = "critical"
    WARNING = "warning"


class Receiver(Record):
    """Where alerts are sent: one or more ways."""

    name: Name
    webhook_url: WebAddress | None = Field(default=None, description="Alerts are posted there.")
    webhook_url_file: Name | None = Field(default=None, description="A file with that URL, where it is a secret.")
    email_to: Name | None = Field(
        default=None, description="Alerts are mailed there, by the server of the REDUSE_ALERT_SMTP_* settings."
    )
    telegram_chat: int | None = Field(
        default=None, description="The chat's id; the bot's token is REDUSE_ALERT_TELEGRAM_TOKEN_FILE."
    )

    @model_validator(mode="after")
    def _has_a_way(self) -> "Receiver":
        if not any((self.webhook_url, self.webhook_url_file, self.email_to, self.telegram_chat)):
            raise ValueError("needs one of webhook_url, webhook_url_file, email_to, telegram_chat")
        if self.webhook_url and self.webhook_url_file:
            raise ValueError("has both webhook_url and webhook_url_file: give one of them")
        return self


class Notification(Record):
    """Alerts of these parts go to this receiver, beside those who are told of everything."""

    receiver: Name = Field(description="The name of a receiver of this file.")
    parts: tuple[Name, ...] = Field(default=(), description="Services, databases, brokers; all when not given.")
    severity: Severity | None = Field(default=None, description="Only alerts of this severity; all when not given.")
