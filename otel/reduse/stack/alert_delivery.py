"""How alerts are sent: the server, the secrets and those who are told of all, from the REDUSE_ALERT_* settings."""

import os
import re
from collections.abc import Mapping
from typing import Any

from reduse.errors import SettingError
from reduse.monitoring.alertmanager import Delivery
from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack import company_files
from reduse.watch.company import Company

_TELEGRAM_TOKEN = re.compile(r"\d+:[\w-]+", re.ASCII)

Keys = Mapping[str, Any]
"""Of an entry of Alertmanager's file."""


def with_secrets(settings: Settings, company: Company) -> Delivery:
    """From this machine, with the secrets themselves: Debian's Alertmanager takes no files with tokens and URLs.

    Raises SettingError for half a receiver, or a secret that cannot be read.
    """
    mail, telegram = _mail(settings, company), _telegram(settings, company)
    default: dict[str, Keys | None] = {
        "webhook_configs": _webhook(settings.alert_webhook_url, resolved=True),
        "email_configs": _to(mail, to=settings.alert_email_to),
        "telegram_configs": _to(telegram, chat_id=settings.alert_telegram_chat),
    }
    heartbeat = _webhook(settings.alert_heartbeat_url, resolved=False)
    return Delivery(
        default={key: [way] for key, way in default.items() if way is not None},
        heartbeat={"webhook_configs": [heartbeat]} if heartbeat else {},
        mail=mail,
        telegram=telegram,
        webhook_url_file=lambda name: {"url": secret_files.line(name, company_files.path(settings, name))},
        environment=os.environ,
    )


def by_files(settings: Settings) -> Delivery:
    """For an Alertmanager elsewhere: secrets stay in their files, and nobody is told of all.

    Raises SettingError for half a mail server.
    """
    mail = _mail_server(settings)
    if mail is not None and settings.alert_smtp_password_file is not None:
        mail = {**mail, "auth_password_file": str(settings.alert_smtp_password_file)}
    token = settings.alert_telegram_token_file
    telegram = {"bot_token_file": str(token)} if token is not None else None
    return Delivery(mail=mail, telegram=telegram, environment=os.environ)


def _webhook(url: str, *, resolved: bool) -> Keys | None:
    return {"url": url, "send_resolved": resolved} if url else None


def _to(known: Keys | None, **whom: object) -> Keys | None:
    return {**whom, **known, "send_resolved": True} if known is not None and all(whom.values()) else None


def _mail(settings: Settings, company: Company) -> Keys | None:
    if settings.alert_email_to:
        if not (settings.alert_email_from and settings.alert_smtp_server):
            raise SettingError(
                "REDUSE_ALERT_EMAIL_TO is set: "
                "set REDUSE_ALERT_EMAIL_FROM and REDUSE_ALERT_SMTP_SERVER (host:port) too."
            )
    elif not any(receiver.email_to for receiver in company.receivers):
        _unneeded(settings, "EMAIL_TO", "EMAIL_FROM", "SMTP_SERVER", "SMTP_USER", "SMTP_PASSWORD_FILE")
    mail = _mail_server(settings)
    if mail is None or settings.alert_smtp_password_file is None:
        return mail
    password = secret_files.line("REDUSE_ALERT_SMTP_PASSWORD_FILE", settings.alert_smtp_password_file)
    return {**mail, "auth_password": password}


def _mail_server(settings: Settings) -> Keys | None:
    """What each mail needs but for the password; None when no server is known."""
    if not (settings.alert_email_from and settings.alert_smtp_server):
        return None
    mail = {"from": settings.alert_email_from, "smarthost": settings.alert_smtp_server}
    if not settings.alert_smtp_user:
        _unneeded(settings, "SMTP_USER", "SMTP_PASSWORD_FILE")
        return mail
    if settings.alert_smtp_password_file is None:
        raise SettingError("REDUSE_ALERT_SMTP_USER is set: set REDUSE_ALERT_SMTP_PASSWORD_FILE too.")
    return {**mail, "auth_username": settings.alert_smtp_user}


def _telegram(settings: Settings, company: Company) -> Keys | None:
    # Zero is no chat to Alertmanager.
    told = settings.alert_telegram_chat or any(receiver.telegram_chat for receiver in company.receivers)
    if not told:
        _unneeded(settings, "TELEGRAM_CHAT", "TELEGRAM_TOKEN_FILE")
        return None
    if settings.alert_telegram_token_file is None:
        if settings.alert_telegram_chat:
            raise SettingError("REDUSE_ALERT_TELEGRAM_CHAT is set: set REDUSE_ALERT_TELEGRAM_TOKEN_FILE too.")
        return None
    token = secret_files.line("REDUSE_ALERT_TELEGRAM_TOKEN_FILE", settings.alert_telegram_token_file)
    if not _TELEGRAM_TOKEN.fullmatch(token):
        raise SettingError(
            f"REDUSE_ALERT_TELEGRAM_TOKEN_FILE={settings.alert_telegram_token_file}: "
            "does not contain the token of a bot, like 12345:abcdef; write it into the file."
        )
    return {"bot_token": token}


def _unneeded(settings: Settings, lacking: str, *names: str) -> None:
    """Raise SettingError for a setting that does nothing without the one that lacks: nobody would be told."""
    for name in names:
        if getattr(settings, f"alert_{name.lower()}"):
            raise SettingError(f"REDUSE_ALERT_{name} is set: set REDUSE_ALERT_{lacking} too, or unset it.")
