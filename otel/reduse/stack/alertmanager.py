"""Alertmanager: the file that follows from the company's, with the receivers that the settings ask for."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from reduse.errors import SettingError
from reduse.settings.stack import Settings
from reduse.stack import commands, company_files, programs

HEARTBEAT = "heartbeat"
_TELEGRAM_TOKEN = re.compile(r"\d+:[\w-]+", re.ASCII)


def path(settings: Settings) -> Path:
    return settings.run_dir / "alertmanager" / "alertmanager.yml"


def write_configuration(settings: Settings) -> None:
    """The configuration that Alertmanager reads; nobody else may, as it can hold a token."""
    target = path(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    target.chmod(0o600)
    target.write_text(configuration(company_files.alertmanager(settings), settings), encoding="utf-8")


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


def configuration(text: str, settings: Settings) -> str:
    """`text` with integrations in its receivers. Raises SettingError for half of one."""
    document: dict[str, Any] = yaml.safe_load(text)
    integrations = {**_webhook(settings), **_email(settings), **_telegram(settings)}
    heartbeat = _webhooks(settings.alert_heartbeat_url, resolved=False) if settings.alert_heartbeat_url else {}
    for receiver in document["receivers"]:
        receiver.update(heartbeat if receiver["name"] == HEARTBEAT else integrations)
    return yaml.safe_dump(document, sort_keys=False)


def _webhook(settings: Settings) -> Mapping[str, object]:
    return _webhooks(settings.alert_webhook_url, resolved=True) if settings.alert_webhook_url else {}


def _webhooks(url: str, *, resolved: bool) -> Mapping[str, object]:
    return {"webhook_configs": [{"url": url, "send_resolved": resolved}]}


def _email(settings: Settings) -> Mapping[str, object]:
    if not settings.alert_email_to:
        _unneeded(settings, "EMAIL_TO", "EMAIL_FROM", "SMTP_SERVER", "SMTP_USER", "SMTP_PASSWORD_FILE")
        return {}
    if not (settings.alert_email_from and settings.alert_smtp_server):
        raise SettingError(
            "REDUSE_ALERT_EMAIL_TO is set: set REDUSE_ALERT_EMAIL_FROM and REDUSE_ALERT_SMTP_SERVER (host:port) too."
        )
    mail: dict[str, object] = {
        "to": settings.alert_email_to,
        "from": settings.alert_email_from,
        "smarthost": settings.alert_smtp_server,
        "send_resolved": True,
    }
    if not settings.alert_smtp_user:
        _unneeded(settings, "SMTP_USER", "SMTP_PASSWORD_FILE")
        return {"email_configs": [mail]}
    if settings.alert_smtp_password_file is None:
        raise SettingError("REDUSE_ALERT_SMTP_USER is set: set REDUSE_ALERT_SMTP_PASSWORD_FILE too.")
    mail |= {
        "auth_username": settings.alert_smtp_user,
        "auth_password": _secret("REDUSE_ALERT_SMTP_PASSWORD_FILE", settings.alert_smtp_password_file),
    }
    return {"email_configs": [mail]}


def _telegram(settings: Settings) -> Mapping[str, object]:
    # Zero is no chat to Alertmanager.
    if not settings.alert_telegram_chat:
        _unneeded(settings, "TELEGRAM_CHAT", "TELEGRAM_TOKEN_FILE")
        return {}
    if settings.alert_telegram_token_file is None:
        raise SettingError("REDUSE_ALERT_TELEGRAM_CHAT is set: set REDUSE_ALERT_TELEGRAM_TOKEN_FILE too.")
    token = _secret("REDUSE_ALERT_TELEGRAM_TOKEN_FILE", settings.alert_telegram_token_file)
    if not _TELEGRAM_TOKEN.fullmatch(token):
        raise SettingError(
            f"REDUSE_ALERT_TELEGRAM_TOKEN_FILE={settings.alert_telegram_token_file}: "
            "holds no token of a bot, like 12345:abcdef; put the bot's into it."
        )
    telegram = {"chat_id": settings.alert_telegram_chat, "bot_token": token, "send_resolved": True}
    return {"telegram_configs": [telegram]}


def _unneeded(settings: Settings, lacking: str, *names: str) -> None:
    """Raise SettingError for a setting that does nothing without the one that lacks: nobody would be told."""
    for name in names:
        if getattr(settings, f"alert_{name.lower()}"):
            raise SettingError(f"REDUSE_ALERT_{name} is set: set REDUSE_ALERT_{lacking} too, or unset it.")


def _secret(setting: str, file: Path) -> str:
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingError(f"{setting}={file}: {error.strerror}; name a file that this user may read.") from None
    except ValueError:
        raise SettingError(f"{setting}={file}: holds no text; name the file with the secret.") from None
    if not secret or "\n" in secret:
        raise SettingError(f"{setting}={file}: holds no single line; put the secret alone into it.")
    return secret


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
