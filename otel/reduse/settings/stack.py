"""The settings of the stack: environment variables `REDUSE_*`, checked before anything starts."""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from reduse.errors import SettingError
from reduse.settings.addresses import (
    AbsolutePath,
    HostAndPort,
    MailAddress,
    MailAddresses,
    WebAddress,
    without_secrets,
)
from reduse.settings.passthrough import SETTINGS_OF_PARTS

Port = Annotated[int, Field(ge=1, le=65535)]

PREFIX = "REDUSE_"
LAUNCHER_SETTINGS = frozenset({"REDUSE_VENV"})
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800, "y": 31_536_000}
# Prometheus counts durations in nanoseconds, in 64 bits.
LONGEST_RETENTION_SECONDS = 290 * SECONDS["y"]


class Settings(BaseSettings):
    """Where the stack keeps its state and on which ports of 127.0.0.1 its parts listen."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    root: AbsolutePath = Path(__file__).resolve().parents[3]
    state_dir: AbsolutePath = Field(
        default=Path(__file__).resolve().parents[3] / ".reduse",
        description="data, logs, secrets and the built collector",
    )
    cache_dir: AbsolutePath | None = Field(default=None, description="the built collector; STATE_DIR/cache when unset")
    otelcol: AbsolutePath | None = Field(default=None, description="a collector binary, which spares the build")

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
    load_rate: float = Field(
        default=20, gt=0, le=10_000, allow_inf_nan=False, description="requests a second of the demonstration load"
    )
    load_minutes: int = Field(default=30, ge=1, le=1440, description="after which the demonstration load ends")
    alert_webhook_url: WebAddress = Field(default="", description="alerts are posted there")
    alert_heartbeat_url: WebAddress = Field(default="", description="the watchdog is posted there, every five minutes")
    alert_email_to: MailAddresses = Field(default="", description="alerts are mailed there; several with commas")
    alert_email_from: MailAddress = ""
    alert_smtp_server: HostAndPort = Field(default="", description="host:port, with STARTTLS")
    alert_smtp_user: str = ""
    alert_smtp_password_file: AbsolutePath | None = None
    alert_telegram_chat: int | None = Field(default=None, description="id of the chat that alerts are sent to")
    alert_telegram_token_file: AbsolutePath | None = Field(default=None, description="file with the bot's token")

    security: bool = Field(
        default=False, description="TLS, certificates, a token and a password between the parts; true or false"
    )
    store: Literal["prometheus-2", "prometheus-3", "victoriametrics"] = Field(
        default="prometheus-2", description="what the gateway writes into: only prometheus-3 is sent native histograms"
    )
    gateway_series_limit: int = Field(
        default=50_000, ge=1, le=1_000_000_000, description="series that a service may have in the store at a time"
    )
    gateway_services_limit: int = Field(
        default=1_000, ge=1, le=1_000_000, description="services that the gateway tells apart"
    )
    gateway_streams_limit: int = Field(
        default=1_000_000, ge=1, le=1_000_000_000, description="streams of all services that the gateway remembers"
    )
    gateway_oldest_sample: str = Field(
        default="110m",
        pattern=r"^[1-9]\d{0,8}(s|m|h)$",
        description="how old a sample may be; ten minutes less than Prometheus' out_of_order_time_window",
    )
    retention: str = Field(default="15d", description="of samples in Prometheus")

    @field_validator("retention")
    @classmethod
    def _check_retention(cls, value: str) -> str:
        found = re.fullmatch(r"(\d{1,15})(ms|s|m|h|d|w|y)", value, re.ASCII)
        if not found or not 0 < int(found[1]) * SECONDS[found[2]] <= LONGEST_RETENTION_SECONDS:
            raise ValueError("must be a duration like 15d, of at most 290y")
        return value

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

    def in_state_folder(self, path: Path) -> Path:
        """`path` as a process that runs in the state folder may name it: without what a configuration would expand."""
        return path.relative_to(self.state_dir)

    def database_host(self, _part: str) -> str:
        """Where the database of this part listens."""
        return "127.0.0.1"

    def ports(self) -> dict[str, int]:
        """Every port the stack listens on, by the name of its setting."""
        return {
            PREFIX + name.upper(): getattr(self, name) for name in type(self).model_fields if name.endswith("_port")
        }


SettingsOf = TypeVar("SettingsOf", bound=Settings)


def load_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; a `SettingError` names the first one that is wrong and how to mend it."""
    own = {PREFIX + name.upper() for name in Settings.model_fields}
    known = own | SETTINGS_OF_PARTS | LAUNCHER_SETTINGS
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            cure = f"did you mean {near[0]}?" if near else "unset it; `./reduse settings` lists those there are."
            raise SettingError(f"{name} is not a setting: {cure}")
    settings = read(Settings)
    _check_paths(settings)
    taken: dict[int, str] = {}
    for name, port in settings.ports().items():
        if port in taken:
            raise SettingError(f"{name}={port} is also {taken[port]}: give one of them another port.")
        taken[port] = name
    return settings


def read(kind: type[SettingsOf]) -> SettingsOf:
    """These settings from the environment; a `SettingError` says in one line which one is wrong."""
    try:
        return kind()
    except ValidationError as error:
        raise SettingError(_told(error.errors()[0])) from None
    except OSError as error:
        # A relative path, and the working folder is gone.
        raise SettingError(f"a path among the settings is relative to a folder that is gone ({error}).") from None


def _told(error: ErrorDetails) -> str:
    field = str(error["loc"][0])
    value = without_secrets(str(error["input"])) if field.endswith("_url") else str(error["input"])
    default = Settings.model_fields[field].default
    unset = f"or unset it for {default}" if default not in (None, "") else "or unset it"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{PREFIX}{field.upper()}={value!r}: {message}. Give it another value, {unset}."


def _check_paths(settings: Settings) -> None:
    if settings.otelcol is not None and not (settings.otelcol.is_file() and os.access(settings.otelcol, os.X_OK)):
        raise SettingError(f"REDUSE_OTELCOL={settings.otelcol}: no such program; unset it to have one built.")
    if "root" in settings.model_fields_set and not is_checkout(settings.root):
        raise SettingError(f"REDUSE_ROOT={settings.root}: no checkout of this project is there; unset it.")
    _check_folder("REDUSE_STATE_DIR", settings.state_dir)
    _check_folder("REDUSE_CACHE_DIR", settings.cache)


def _check_folder(name: str, folder: Path) -> None:
    try:
        there = next(path for path in (folder, *folder.parents) if path.exists() or path.is_symlink())
    except OSError as error:
        raise SettingError(f"{name}={folder}: {error.strerror}; name another folder, or unset it.") from None
    if not there.is_dir():
        raise SettingError(f"{name}={folder}: {there} is no folder; name one, or unset it.")


def is_checkout(root: Path) -> bool:
    """Whether the files that the parts read are there."""
    return all((root / folder).is_dir() for folder in ("collector-config", "prometheus", "services"))
