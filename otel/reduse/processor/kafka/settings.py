"""Settings of the Kafka host, from environment variables that begin with REDUSE_KAFKA_."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from reduse.processor import settings as processor
from reduse.processor.settings import SettingsError

PREFIX = "REDUSE_KAFKA_"
# Settings of the stack that begin as ours do: what it starts a broker with, and how many workers.
OF_THE_STACK = frozenset(
    PREFIX + name
    for name in ("PORT", "CONTROLLER_PORT", "PARTITIONS", "HEAP_MIB", "RETENTION", "RETENTION_BYTES", "WORKERS")
)
_TOPIC = r"^[A-Za-z0-9._-]{1,249}$"


class KafkaSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    brokers: str = Field(
        default="127.0.0.1:9092",
        pattern=r"^\S+:\d{1,5}(,\S+:\d{1,5})*$",
        description="host:port of the Kafka brokers, separated by commas.",
    )
    exports_topic: str = Field(
        default="reduse.exports", pattern=_TOPIC, description="Topic of the agents' export requests."
    )
    partials_topic: str = Field(
        default="reduse.partials",
        pattern=_TOPIC,
        description="Topic of the partial results of shards, which a worker joins; created if it does not exist, as is "
        "another topic with this name and `.state`.",
    )
    metrics_topic: str = Field(default="reduse.metrics", pattern=_TOPIC, description="Topic of derived metrics.")
    state_topic: str = Field(
        default="reduse.state",
        pattern=_TOPIC,
        description="Topic of state snapshots; created if it does not exist.",
    )
    quarantine_topic: str = Field(
        default="reduse.quarantine",
        pattern=_TOPIC,
        description="Topic of records that cannot be counted; created if it does not exist, for 7 days and 64 MB.",
    )
    group: str = Field(
        default="reduse", min_length=1, description="Consumer group, whose workers share the partitions."
    )
    commit_interval_seconds: float = Field(
        default=1.0, gt=0, le=60, allow_inf_nan=False, description="Interval of offset commits in seconds."
    )
    snapshot_interval_seconds: float = Field(
        default=300.0,
        ge=1,
        le=86400,
        allow_inf_nan=False,
        description=(
            "Maximum age of a snapshot while data arrives, in seconds; must be far below the retention of the topic "
            "of exports."
        ),
    )
    join_wait_seconds: float = Field(
        default=120.0,
        ge=1,
        le=3600,
        allow_inf_nan=False,
        description="Seconds for which a window waits for the other shards of a service; must be longer than it takes "
        "to give the partitions of a failed worker to another one.",
    )
    session_timeout_seconds: float = Field(
        default=10.0,
        ge=6,
        le=300,
        allow_inf_nan=False,
        description="Seconds without a sign of life after which the partitions of a worker are given to others.",
    )
    tls_ca_file: Path | None = Field(
        default=None,
        description="CA with which brokers are verified; enables TLS. If none of the three TLS files is set, those of "
        "REDUSE_PROCESSOR_TLS_... are used.",
    )
    tls_cert_file: Path | None = Field(default=None, description="Client certificate, for brokers that require one.")
    tls_key_file: Path | None = Field(default=None, description="Key of that certificate.")
    user: str = Field(default="", description="User for SASL; empty for no login.")
    password_file: Path | None = Field(default=None, description="File with the password of that user.")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="PLAIN", description="SASL mechanism."
    )

    @field_validator("tls_ca_file", "tls_cert_file", "tls_key_file", "password_file")
    @classmethod
    def _check_file(cls, value: Path | None) -> Path | None:
        if value is not None:
            try:
                value.read_bytes()
            except OSError as error:
                raise ValueError(f"cannot be read: {error.strerror}") from None
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if bool(self.tls_cert_file) != bool(self.tls_key_file):
            raise ValueError(f"{PREFIX}TLS_CERT_FILE and _TLS_KEY_FILE go together: set both or none")
        if self.tls_cert_file and not self.tls_ca_file:
            raise ValueError(f"{PREFIX}TLS_CERT_FILE needs {PREFIX}TLS_CA_FILE, which turns TLS on")
        if bool(self.user) != bool(self.password_file):
            raise ValueError(f"{PREFIX}USER and {PREFIX}PASSWORD_FILE go together: set both or none")
        return self

    @property
    def joined_state_topic(self) -> str:
        """Where snapshots of what is joined are."""
        return f"{self.partials_topic}.state"


class WorkerSettings(processor.Settings):
    """Those of the processor. The state is in Kafka: a worker has no folder."""

    state_dir: Path = Path()


def load(environment: Mapping[str, str]) -> tuple[KafkaSettings, WorkerSettings]:
    """The settings of the process's own environment, `environment`. Raises SettingsError."""
    processor.refuse_unknown(environment, PREFIX, KafkaSettings, OF_THE_STACK)
    try:
        kafka, own = KafkaSettings(), processor.load_as(WorkerSettings, environment)
    except ValidationError as error:
        first = error.errors()[0]
        message = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:
            raise SettingsError(message) from None
        name = PREFIX + str(first["loc"][0]).upper()
        raise SettingsError(f"{name}: {message} (it is {first['input']!r})") from None
    if kafka.user and kafka.sasl_mechanism == "PLAIN" and "ssl.ca.location" not in connection(kafka, own):
        raise SettingsError(f"{PREFIX}USER: its password would be sent in plain text: set {PREFIX}TLS_CA_FILE")
    return kafka, own


def connection(kafka: KafkaSettings, own: WorkerSettings) -> dict[str, Any]:
    """What all clients of librdkafka share. They read the certificates once, when they are made."""
    authority, certificate, key = kafka.tls_ca_file, kafka.tls_cert_file, kafka.tls_key_file
    if authority is None and own.tls is not None:
        authority, certificate, key = own.tls.authority, own.tls.certificate, own.tls.key
    found: dict[str, Any] = {
        "bootstrap.servers": kafka.brokers,
        "security.protocol": ("SASL_" if kafka.user else "") + ("PLAINTEXT" if authority is None else "SSL"),
        # What goes on without a broker is told by who uses it, once; by the library at every attempt.
        "log_level": 2,
        "reconnect.backoff.max.ms": 2000,
    }
    if authority is not None:
        found["ssl.ca.location"] = str(authority)
    if certificate is not None and key is not None:
        found |= {"ssl.certificate.location": str(certificate), "ssl.key.location": str(key)}
    if kafka.password_file is not None:
        password = kafka.password_file.read_text(encoding="utf-8").strip()
        found |= {"sasl.mechanism": kafka.sasl_mechanism, "sasl.username": kafka.user, "sasl.password": password}
    return found
