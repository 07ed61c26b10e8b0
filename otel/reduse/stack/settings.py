"""The settings of the stack: environment variables `REDUSE_*`, checked before anything starts."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from reduse.stack.errors import SettingError
from reduse.stack.passthrough import DISTRO_SETTINGS, PROCESSOR_SETTINGS

Port = Annotated[int, Field(ge=1, le=65535)]

PREFIX = "REDUSE_"
LAUNCHER_SETTINGS = frozenset({"REDUSE_VENV"})


class Settings(BaseSettings):
    """Where the stack keeps its state and on which ports of 127.0.0.1 its parts listen."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    root: Path = Path(__file__).resolve().parents[3]
    state_dir: Path = Field(
        default=Path(__file__).resolve().parents[3] / ".reduse",
        description="data, logs, secrets and the built collector",
    )
    cache_dir: Path | None = Field(default=None, description="the built collector; STATE_DIR/cache when unset")
    otelcol: Path | None = Field(default=None, description="a collector binary, which spares the build")

    shop_api_port: Port = 8001
    crm_api_port: Port = 8002
    mes_api_port: Port = 8003
    agent_port: Port = 4317
    agent_http_port: Port = 4318
    agent_health_port: Port = 13133
    agent_metrics_port: Port = 8888
    gateway_port: Port = 4327
    gateway_health_port: Port = 13134
    gateway_metrics_port: Port = 8889
    processor_port: Port = 4337
    processor_http_port: Port = 4338
    processor_metrics_port: Port = 9464
    prometheus_port: Port = 9090
    alertmanager_port: Port = 9093
    grafana_port: Port = 3000
    shop_db_port: Port = 5433
    mes_db_port: Port = 5434
    broker_port: Port = 5672
    broker_management_port: Port = 15672
    broker_distribution_port: Port = 25672
    broker_names_port: Port = 4370

    partners: int = Field(default=200, ge=1, le=100_000, description="partners of the MES API, with a key each")
    load_rate: float = Field(default=20, gt=0, le=10_000, description="requests a second of the demonstration load")
    load_minutes: int = Field(default=30, ge=1, le=1440, description="after which the demonstration load ends")
    alert_webhook_url: str = Field(default="", description="alerts are posted there")
    alert_heartbeat_url: str = Field(default="", description="the watchdog is posted there, every five minutes")
    alert_email_to: str = Field(default="", description="alerts are mailed there; several with commas")
    alert_email_from: str = ""
    alert_smtp_server: str = Field(default="", description="host:port, with STARTTLS")
    alert_smtp_user: str = ""
    alert_smtp_password_file: Path | None = None
    alert_telegram_chat: int | None = Field(default=None, description="id of the chat that alerts are sent to")
    alert_telegram_token_file: Path | None = Field(default=None, description="file with the bot's token")

    security: bool = Field(
        default=False, description="TLS, certificates, a token and a password between the parts; true or false"
    )
    retention: str = Field(default="15d", pattern=r"^\d+(ms|s|m|h|d|w|y)$", description="of samples in Prometheus")

    @property
    def cache(self) -> Path:
        return self.cache_dir or self.state_dir / "cache"

    @property
    def secrets_dir(self) -> Path:
        return self.state_dir / "secrets"

    @property
    def certificates_dir(self) -> Path:
        return self.secrets_dir / "certificates"

    @property
    def data_dir(self) -> Path:
        return self.state_dir / "data"

    @property
    def log_dir(self) -> Path:
        return self.state_dir / "log"

    @property
    def run_dir(self) -> Path:
        return self.state_dir / "run"

    def database_host(self, _part: str) -> str:
        """Where the database of this part listens."""
        return "127.0.0.1"

    def ports(self) -> dict[str, int]:
        """Every port the stack listens on, by the name of its setting."""
        return {
            PREFIX + name.upper(): getattr(self, name) for name in type(self).model_fields if name.endswith("_port")
        }


def load_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; a `SettingError` names the first one that is wrong and how to mend it."""
    own = {PREFIX + name.upper() for name in Settings.model_fields}
    known = own | DISTRO_SETTINGS | PROCESSOR_SETTINGS | LAUNCHER_SETTINGS
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            cure = f"did you mean {near[0]}?" if near else "unset it; `./reduse settings` lists those there are."
            raise SettingError(f"{name} is not a setting: {cure}")
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise SettingError(f"{name}={first['input']!r}: {first['msg']}.") from None
    if settings.otelcol is not None and not os.access(settings.otelcol, os.X_OK):
        raise SettingError(f"REDUSE_OTELCOL={settings.otelcol}: no such program; unset it to have one built.")
    taken: dict[int, str] = {}
    for name, port in settings.ports().items():
        if port in taken:
            raise SettingError(f"{name}={port} is also {taken[port]}: give one of them another port.")
        taken[port] = name
    return settings
