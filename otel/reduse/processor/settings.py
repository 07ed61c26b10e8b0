"""Settings, from environment variables that begin with REDUSE_PROCESSOR_."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from reduse.limit import DEFAULT_BURST_SECONDS, PolicyLimit
from reduse.processor.core.bounds import Bounds
from reduse.processor.core.ladder import (
    DEFAULT_LADDER,
    LIMITS_LIMIT,
    Ladder,
    parse_ladders,
    parse_policy_limits,
)
from reduse.processor.core.options import MEMBERS_FACTOR, Options
from reduse.processor.core.units import NANOSECONDS
from reduse.processor.history.bound import Limits
from reduse.processor.tls import CertificateFiles

PREFIX = "REDUSE_PROCESSOR_"

# Settings of the stack that begin as the processor's do: where it puts the processor.
OF_THE_STACK = frozenset({"REDUSE_PROCESSOR_PORT", "REDUSE_PROCESSOR_HTTP_PORT"})

# In less there would hardly be a file.
LEAST_HISTORY_BYTES = 16 * 2**20

# What the core's bound on repeats counts.
WORD_BYTES = 8

# Of what the core has a default for, it is the setting's.
BOUNDS = Bounds()
OPTIONS = Options()

Limit = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]


def seconds(duration: int) -> float:
    """Of a duration in nanoseconds."""
    return duration / NANOSECONDS


class SettingsError(Exception):
    """One line that names the setting and the cure."""


class Settings(BaseSettings):
    """Durations are in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    endpoint: str = Field(
        default="127.0.0.1:4337",
        pattern=r"^\S+:\d{1,5}$",
        description="Address on which the processor accepts OTLP over gRPC.",
    )
    http_endpoint: str = Field(
        default="127.0.0.1:4338",
        pattern=r"^(\S+:\d{1,5})?$",
        description="Address on which the processor accepts OTLP over HTTP; empty for none.",
    )
    gateway: str = Field(default="http://127.0.0.1:4327", description="URL to which derived metrics are sent.")
    tls_cert_file: Path | None = Field(
        default=None,
        description="Certificate of the processor. Set all three TLS files or none; with them, senders need a "
        "certificate of this CA, and the processor presents its own to the gateway.",
    )
    tls_key_file: Path | None = Field(default=None, description="Key of that certificate.")
    tls_ca_file: Path | None = Field(default=None, description="CA with which senders and the gateway are verified.")
    metrics_host: str = Field(
        default="127.0.0.1", description="Address of the processor's own metrics, always without TLS."
    )
    metrics_port: int = Field(default=9464, ge=1, le=65535, description="Port of its own metrics.")
    state_dir: Path = Field(description="Folder of the processor's state.")
    top_k: int = Field(
        default=OPTIONS.top_k,
        ge=1,
        le=1000,
        description="Number of users of a service that have a series of their own at a time.",
    )
    user_labels_per_day: int = Field(
        default=OPTIONS.labels_per_day,
        ge=1,
        description="Maximum number of users per day (UTC) that get a series of their own in the store.",
    )
    burst_seconds: float = Field(
        default=DEFAULT_BURST_SECONDS,
        gt=0,
        le=3600,
        allow_inf_nan=False,
        description="Burst in seconds of ladders that do not set their own.",
    )
    limits: Annotated[tuple[Ladder, ...], NoDecode] = Field(
        default=(),
        validate_default=True,
        json_schema_extra={"default_text": ",".join(f"{limit:g}" for limit in DEFAULT_LADDER.limits)},
        description="Rate limits per user to evaluate, in requests per second: one ladder or several with their "
        "bursts, `1,2,5@2;10,100@30`.",
    )
    policy_limits: Annotated[Mapping[tuple[str, str], tuple[PolicyLimit, ...]], NoDecode] = Field(
        default_factory=dict,
        json_schema_extra={"default_text": ""},
        description="Rate limits to evaluate on the requests under a policy: SERVICE/POLICY=LIMIT@BURST, such as "
        "`mes-api/price=60/minute,100/minute@10;eu/mes-api/jobs=1000/hour`; the burst is a number of requests.",
    )
    concurrency_limits: Annotated[tuple[Limit, ...], NoDecode] = Field(
        default=OPTIONS.concurrency_limits, description="Concurrency limits to evaluate."
    )
    idle_seconds: float = Field(
        default=seconds(BOUNDS.idle),
        gt=0,
        le=3600,
        allow_inf_nan=False,
        description="The processor no longer waits for a stream that sends nothing for this many seconds and for "
        "one and a half of its intervals.",
    )
    lateness_seconds: float = Field(
        default=seconds(BOUNDS.lateness),
        ge=0,
        le=300,
        allow_inf_nan=False,
        description="Seconds for which windows stay open for late data; all results are delayed by the same time.",
    )
    future_seconds: float = Field(
        default=10.0,
        ge=0,
        le=86400,
        allow_inf_nan=False,
        description="Data points that are more than this many seconds in the future are refused.",
    )
    commit_interval_seconds: float = Field(
        default=0.1,
        ge=0,
        le=10,
        allow_inf_nan=False,
        description="Minimum time between two commits in seconds.",
    )
    repeat_horizon_seconds: float = Field(
        default=seconds(BOUNDS.repeat_horizon),
        gt=0,
        le=86400,
        allow_inf_nan=False,
        description=(
            "Seconds behind the newest export of a stream within which repeats are detected; older data points are "
            "refused."
        ),
    )
    repeat_bytes: int = Field(
        default=BOUNDS.repeat_words * WORD_BYTES,
        ge=2**20,
        description="Memory for the detection of repeated data points, in bytes.",
    )
    forget_seconds: float = Field(
        default=seconds(BOUNDS.forget),
        ge=1,
        le=86400 * 7,
        allow_inf_nan=False,
        description="Seconds without data after which an instance, and then its service, is forgotten.",
    )
    services: int = Field(
        default=BOUNDS.services,
        ge=1,
        le=10_000,
        description=(
            "Maximum number of services; beyond it, services that sent nothing for the repeat horizon are removed."
        ),
    )
    instances: int = Field(
        default=BOUNDS.streams,
        ge=1,
        le=100_000,
        description=(
            "Maximum number of instances of all services; beyond it, instances that sent nothing for the "
            "repeat horizon are removed."
        ),
    )
    interval_seconds: float = Field(
        default=seconds(BOUNDS.interval),
        ge=1,
        le=1000,
        allow_inf_nan=False,
        description="Of data points with a longer interval, only this many seconds at its end are considered.",
    )
    open_windows: int = Field(
        default=BOUNDS.open_windows,
        ge=1,
        le=86400,
        description="Maximum number of open windows (seconds) of one service; beyond it, the oldest close early.",
    )
    open_rows: int = Field(
        default=BOUNDS.open_rows,
        ge=1,
        description=(
            "Maximum number of rows in the open windows of one service; beyond it, the oldest windows close early."
        ),
    )
    message_bytes: int = Field(
        default=16 * 2**20,
        ge=2**16,
        le=2**30,
        description=(
            "Maximum size of a request in bytes, compressed and decompressed; larger ones are refused permanently."
        ),
    )
    requests_limit: int = Field(
        default=64,
        ge=1,
        le=10_000,
        description="Maximum number of concurrent requests of all senders; further ones are asked to retry.",
    )
    connections: int = Field(
        default=1024,
        ge=1,
        le=100_000,
        description="Maximum number of connections on each of the ports for OTLP; beyond it, new ones are closed, and "
        "their senders try again.",
    )
    window_users: int = Field(
        default=BOUNDS.window_users, ge=1, description="Maximum number of users of one service in one window."
    )
    active_users: int = Field(
        default=OPTIONS.user_limit, ge=1, description="Maximum number of active users of one service in a minute."
    )
    outbox_bytes: int = Field(
        default=256 * 2**20,
        ge=2**20,
        description=(
            "Maximum size of the metrics that wait for the gateway, in bytes; beyond it, the oldest are dropped."
        ),
    )
    history_bytes: int = Field(
        default=2**30,
        ge=0,
        description="Maximum size of the history of users' requests, in bytes; beyond it, the oldest files are "
        "deleted. 0 switches the history off.",
    )
    history_days: float = Field(
        default=7,
        ge=0,
        le=3650,
        allow_inf_nan=False,
        description="Days for which the history of users' requests is kept. 0 switches the history off.",
    )
    history_dir: Path | None = Field(
        default=None,
        json_schema_extra={"default_text": "STATE_DIR/history"},
        description="Folder of the history. On Kafka a worker keeps a history only if this is set; each worker needs "
        "its own folder.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="Log level.")

    @field_validator("limits", mode="before")
    @classmethod
    def _parse_limits(cls, value: object, others: ValidationInfo) -> object:
        burst_seconds = others.data.get("burst_seconds", DEFAULT_BURST_SECONDS)
        if isinstance(value, str):
            return parse_ladders(value, burst_seconds)
        return value or (Ladder(DEFAULT_LADDER.limits, burst_seconds),)

    @field_validator("policy_limits", mode="before")
    @classmethod
    def _parse_policy_limits(cls, value: object, others: ValidationInfo) -> object:
        burst_seconds = others.data.get("burst_seconds", DEFAULT_BURST_SECONDS)
        return parse_policy_limits(value, burst_seconds) if isinstance(value, str) else value

    @field_validator("concurrency_limits", mode="before")
    @classmethod
    def _split_limits(cls, value: object) -> object:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @field_validator("concurrency_limits")
    @classmethod
    def _order_limits(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not 0 < len(value) <= LIMITS_LIMIT or len(set(value)) < len(value):
            raise ValueError(f"must be 1 to {LIMITS_LIMIT} different numbers, such as 1,2,5,10")
        return tuple(sorted(value))

    @field_validator("history_bytes")
    @classmethod
    def _check_history(cls, value: int) -> int:
        if 0 < value < LEAST_HISTORY_BYTES:
            raise ValueError(f"must be at least {LEAST_HISTORY_BYTES}, or 0 for no history")
        return value

    @field_validator("user_labels_per_day")
    @classmethod
    def _check_labels(cls, value: int, others: ValidationInfo) -> int:
        least = MEMBERS_FACTOR * others.data.get("top_k", 0)
        if value < least:
            raise ValueError(f"must be at least {least}, {MEMBERS_FACTOR} times {PREFIX}TOP_K, so that all of them fit")
        return value

    @field_validator("gateway")
    @classmethod
    def _check_gateway(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/"):
            raise ValueError("must be a URL such as http://127.0.0.1:4327")
        return value

    @model_validator(mode="after")
    def _check_certificates(self) -> Self:
        files = (self.tls_cert_file, self.tls_key_file, self.tls_ca_file)
        if any(files) and not all(files):
            raise ValueError(f"{PREFIX}TLS_CERT_FILE, _TLS_KEY_FILE and _TLS_CA_FILE go together: set all or none")
        if self.tls is not None:
            try:
                self.tls.check()
            except OSError as error:
                # What OpenSSL says of a wrong file is no text for a person, but the best there is.
                names = " ".join(str(file) for file in files)
                raise ValueError(
                    f"{PREFIX}TLS_CERT_FILE, _TLS_KEY_FILE and _TLS_CA_FILE ({names}) must be readable PEM files, "
                    f"and the key must belong to the certificate: {error}"
                ) from None
            if urlsplit(self.gateway).scheme != "https":
                raise ValueError(
                    f"{PREFIX}GATEWAY={self.gateway} would be plain text although certificates are set: use https://"
                )
        return self

    @property
    def tls(self) -> CertificateFiles | None:
        if self.tls_cert_file and self.tls_key_file and self.tls_ca_file:
            return CertificateFiles(self.tls_cert_file, self.tls_key_file, self.tls_ca_file)
        return None

    @property
    def history_limits(self) -> Limits | None:
        """None: no history is kept."""
        if not self.history_bytes or not self.history_days:
            return None
        return Limits(self.history_bytes, self.history_days)

    @property
    def options(self) -> Options:
        return Options(
            top_k=self.top_k,
            ladders=self.limits,
            policy_limits=self.policy_limits,
            user_limit=self.active_users,
            concurrency_limits=self.concurrency_limits,
            labels_per_day=self.user_labels_per_day,
        )

    @property
    def bounds(self) -> Bounds:
        return Bounds(
            idle=nanoseconds(self.idle_seconds),
            lateness=nanoseconds(self.lateness_seconds),
            forget=nanoseconds(self.forget_seconds),
            repeat_horizon=nanoseconds(self.repeat_horizon_seconds),
            repeat_words=self.repeat_bytes // WORD_BYTES,
            interval=nanoseconds(self.interval_seconds),
            window_users=self.window_users,
            open_windows=self.open_windows,
            open_rows=self.open_rows,
            streams=self.instances,
            services=self.services,
        )


Kind = TypeVar("Kind", bound=Settings)


def nanoseconds(seconds: float) -> int:
    return round(seconds * NANOSECONDS)


def load(environment: Mapping[str, str]) -> Settings:
    """The settings of the process's own environment, `environment`. Raises SettingsError."""
    return load_as(Settings, environment)


def refuse_unknown(
    environment: Mapping[str, str], prefix: str, kind: type[BaseSettings], others: frozenset[str]
) -> None:
    """Raises SettingsError for a variable with this prefix that is no setting of `kind` and none of `others`."""
    known = {prefix + name.upper() for name in kind.model_fields}
    for name in sorted(environment):
        if name.startswith(prefix) and name not in known | others:
            near = difflib.get_close_matches(name, known, 1)
            cure = f"did you mean {near[0]}?" if near else f"known settings are {', '.join(sorted(known))}"
            raise SettingsError(f"{name}: unknown setting, {cure}")


def load_as(kind: type[Kind], environment: Mapping[str, str]) -> Kind:
    """The same for a host that has others beside them."""
    refuse_unknown(environment, PREFIX, Settings, OF_THE_STACK)
    try:
        return kind()  # type: ignore[call-arg]  # from the environment
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            # Of several settings, which the message names.
            raise SettingsError(first["msg"].removeprefix("Value error, ")) from None
        name = PREFIX + str(first["loc"][0]).upper()
        if first["type"] == "missing":
            raise SettingsError(f"{name}: not set: set it to the folder for the state") from None
        raise SettingsError(f"{name}: {first['msg']} (it is {first['input']!r})") from None
