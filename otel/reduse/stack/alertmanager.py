"""Alertmanager: the file that follows from the company's, with the receivers that the settings ask for."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reduse.errors import SettingError
from reduse.monitoring.alertmanager import Delivery
from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack import commands, company_files, programs

_TELEGRAM_TOKEN = re.compile(r"\d+:[\w-]+", re.ASCII)


def path(settings: Settings) -> Path:
    return settings.run_dir / "alertmanager" / "alertmanager.yml"


def write_configuration(settings: Settings) -> None:
    """The configuration that Alertmanager reads; nobody else may, as it can hold a token."""
    target = path(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    target.chmod(0o600)
    target.write_text(configuration(settings), encoding="utf-8")


def check(settings: Settings) -> None:
    """Raise SettingError for half a receiver, or a secret that cannot be read."""
    _email(settings)
    _telegram(settings)


def check_written(settings: Settings) -> None:
    """Let Alertmanager's own tool read what was written. Raises CommandError with what it says."""
    commands.run(
        [str(programs.amtool(settings)), "check-config", str(path(settings))],
        log=settings.log_dir / "alertmanager-check.log",
        cure=f"Mend the receivers in {settings.watch_file}, or the REDUSE_ALERT_* settings.",
    )


def configuration(settings: Settings) -> str:
    """The company's, with the secrets in it. Raises SettingError for half a receiver."""
    return company_files.alertmanager(settings, delivery(settings))


def delivery(settings: Settings) -> Delivery:
    """How alerts are sent from this machine, with the secrets themselves: Debian's Alertmanager takes no files of them.

    Raises SettingError for half a receiver, or a secret that cannot be read.
    """
    mail, telegram = _email(settings), _telegram(settings)
    return Delivery(
        default=_ways(
            webhook_configs=_webhook(settings.alert_webhook_url, resolved=True),
            email_configs={"to": settings.alert_email_to, **mail, "send_resolved": True}
            if settings.alert_email_to and mail
            else None,
            telegram_configs={"chat_id": settings.alert_telegram_chat, **telegram, "send_resolved": True}
            if settings.alert_telegram_chat and telegram
            else None,
        ),
        heartbeat=_ways(webhook_configs=_webhook(settings.alert_heartbeat_url, resolved=False)),
        mail=mail,
        telegram=telegram,
        webhook_url_file=lambda name: {"url": secret_files.line(name, company_files.path(settings, name))},
        environment=os.environ,
    )


def delivery_by_files(settings: Settings) -> Delivery:
    """How alerts of a company's own receivers are sent from elsewhere: secrets stay in their files.

    Raises SettingError for half a receiver.
    """
    mail = _mail_server(settings)
    if mail is not None and settings.alert_smtp_password_file is not None:
        mail = {**mail, "auth_password_file": str(settings.alert_smtp_password_file)}
    token = settings.alert_telegram_token_file
    return Delivery(
        mail=mail, telegram={"bot_token_file": str(token)} if token is not None else None, environment=os.environ
    )


def _ways(**ways: Mapping[str, Any] | None) -> Mapping[str, list[Mapping[str, Any]]]:
    return {key: [way] for key, way in ways.items() if way is not None}


def _webhook(url: str, *, resolved: bool) -> Mapping[str, object] | None:
    return {"url": url, "send_resolved": resolved} if url else None


def _email(settings: Settings) -> Mapping[str, object] | None:
    mail = _mail_server(settings)
    if mail is None or settings.alert_smtp_password_file is None:
        return mail
    password = secret_files.line("REDUSE_ALERT_SMTP_PASSWORD_FILE", settings.alert_smtp_password_file)
    return {**mail, "auth_password": password}


def _mail_server(settings: Settings) -> Mapping[str, object] | None:
    """What each mail needs but for the password."""
    if not (settings.alert_email_from and settings.alert_smtp_server):
        if settings.alert_email_to or settings.alert_email_from or settings.alert_smtp_server:
            raise SettingError(
                "mail needs both REDUSE_ALERT_EMAIL_FROM and REDUSE_ALERT_SMTP_SERVER (host:port): set them."
            )
        _unneeded(settings, "SMTP_SERVER", "SMTP_USER", "SMTP_PASSWORD_FILE")
        return None
    mail: dict[str, object] = {"from": settings.alert_email_from, "smarthost": settings.alert_smtp_server}
    if not settings.alert_smtp_user:
        _unneeded(settings, "SMTP_USER", "SMTP_PASSWORD_FILE")
        return mail
    if settings.alert_smtp_password_file is None:
        raise SettingError("REDUSE_ALERT_SMTP_USER is set: set REDUSE_ALERT_SMTP_PASSWORD_FILE too.")
    return {**mail, "auth_username": settings.alert_smtp_user}


def _telegram(settings: Settings) -> Mapping[str, object] | None:
    if settings.alert_telegram_token_file is None:
        # Zero is no chat to Alertmanager.
        if settings.alert_telegram_chat:
            raise SettingError("REDUSE_ALERT_TELEGRAM_CHAT is set: set REDUSE_ALERT_TELEGRAM_TOKEN_FILE too.")
        return None
    token = secret_files.line("REDUSE_ALERT_TELEGRAM_TOKEN_FILE", settings.alert_telegram_token_file)
    if not _TELEGRAM_TOKEN.fullmatch(token):
        raise SettingError(
            f"REDUSE_ALERT_TELEGRAM_TOKEN_FILE={settings.alert_telegram_token_file}: "
            "holds no token of a bot, like 12345:abcdef; put the bot's into it."
        )
    return {"bot_token": token}


def _unneeded(settings: Settings, lacking: str, *names: str) -> None:
    """Raise SettingError for a setting that does nothing without the one that lacks: nobody would be told."""
    for name in names:
        if getattr(settings, f"alert_{name.lower()}"):
            raise SettingError(f"REDUSE_ALERT_{name} is set: set REDUSE_ALERT_{lacking} too, or unset it.")


def command(settings: Settings) -> list[str]:
    return [
        str(programs.alertmanager(settings)),
        f"--config.file={path(settings)}",
        f"--storage.path={settings.data_dir / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{settings.alertmanager_port}",
        # One Alertmanager: no gossip, no listener for it.
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
