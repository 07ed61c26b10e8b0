"""Alertmanager: the file in `alertmanager/`, with the receivers that the settings ask for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from reduse.stack.errors import SettingError
from reduse.stack.settings import Settings

HEARTBEAT = "heartbeat"


def path(settings: Settings) -> Path:
    return settings.run_dir / "alertmanager" / "alertmanager.yml"


def write_configuration(settings: Settings) -> None:
    """The configuration that Alertmanager reads; nobody else may, as it can hold a token."""
    target = path(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    source = settings.root / "alertmanager" / "alertmanager.yml"
    target.touch(mode=0o600)
    target.chmod(0o600)
    target.write_text(configuration(source.read_text(encoding="utf-8"), settings), encoding="utf-8")


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
    if settings.alert_smtp_user:
        if settings.alert_smtp_password_file is None:
            raise SettingError("REDUSE_ALERT_SMTP_USER is set: set REDUSE_ALERT_SMTP_PASSWORD_FILE too.")
        mail |= {
            "auth_username": settings.alert_smtp_user,
            "auth_password": _secret("REDUSE_ALERT_SMTP_PASSWORD_FILE", settings.alert_smtp_password_file),
        }
    return {"email_configs": [mail]}


def _telegram(settings: Settings) -> Mapping[str, object]:
    if settings.alert_telegram_chat is None:
        return {}
    if settings.alert_telegram_token_file is None:
        raise SettingError("REDUSE_ALERT_TELEGRAM_CHAT is set: set REDUSE_ALERT_TELEGRAM_TOKEN_FILE too.")
    telegram = {
        "chat_id": settings.alert_telegram_chat,
        "bot_token": _secret("REDUSE_ALERT_TELEGRAM_TOKEN_FILE", settings.alert_telegram_token_file),
        "send_resolved": True,
    }
    return {"telegram_configs": [telegram]}


def _secret(setting: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingError(f"{setting}={file}: {error.strerror}.") from None


def command(settings: Settings) -> list[str]:
    return [
        "/usr/bin/prometheus-alertmanager",
        f"--config.file={path(settings)}",
        f"--storage.path={settings.data_dir / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{settings.alertmanager_port}",
        # One Alertmanager: no gossip, no listener for it.
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
