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
        description="host:port of Kafka's brokers, with commas.",
    )
    exports_topic: str = Field(
        default="reduse.exports", pattern=_TOPIC, description="Where the agents' export requests come from."
    )
    partials_topic: str = Field(
        default="reduse.partials",
        pattern=_TOPIC,
        description="Where shards say what is in their windows, for who joins them; made if it is not there, as is one "
        "with the same name and `.state`.",
    )
    metrics_topic: str = Field(default="reduse.metrics", pattern=_TOPIC, description="Where derived metrics go.")
    state_topic: str = Field(
        default="reduse.state",
        pattern=_TOPIC,
        description="Where snapshots of the state are; made if it is not there.",
    )
    quarantine_topic: str = Field(
        default="reduse.quarantine",
        pattern=_TOPIC,
        description="Where records go that cannot be counted; made when it is not there, for seven days and 64 MB.",
    )
    group: str = Field(default="reduse", min_length=1, description="The consumer group: its workers share the work.")
    commit_interval_seconds: float = Field(
        default=1.0, gt=0, le=60, allow_inf_nan=False, description="How often what was done is made known to the group."
    )
    snapshot_interval_seconds: float = Field(
        default=300.0,
        ge=1,
        le=86400,
        allow_inf_nan=False,
        description="A snapshot is no older than so where something comes: keep it far below the retention of exports.",
    )
    join_wait_seconds: float = Field(
        default=120.0,
        ge=1,
        le=3600,
        allow_inf_nan=False,
        description="A window that one shard of a service has closed waits so long for the others: longer than it "
        "takes until another worker has the partitions of one that died.",
    )
    session_timeout_seconds: float = Field(
        default=10.0,
        ge=6,
        le=300,
        allow_inf_nan=False,
        description="A worker that is not heard for so long is gone, and others take its partitions.",
    )
    tls_ca_file: Path | None = Field(
        default=None,
        description="The authority that brokers are checked by: turns TLS on. The three TLS files are those of "
        "REDUSE_PROCESSOR_TLS_... where none of them is set.",
    )
    tls_cert_file: Path | None = Field(default=None, description="Our certificate, for brokers that ask for one.")
    tls_key_file: Path | None = Field(default=None, description="The key of our certificate.")
    user: str = Field(default="", description="As whom we log in, with SASL; empty: not at all.")
    password_file: Path | None = Field(default=None, description="The file with the password for it.")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="PLAIN", description="How the password is shown."
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
        raise SettingsError(f"{PREFIX}USER: its password would be sent as it is: set {PREFIX}TLS_CA_FILE")
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
