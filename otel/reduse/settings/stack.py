"""The settings of the stack: environment variables `REDUSE_*`, checked before anything starts."""

import difflib
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from reduse import duration
from reduse.errors import SettingError
from reduse.processes import own_settings, reading
from reduse.redaction import without_secrets
from reduse.settings.addresses import (
    AbsolutePath,
    HeaderValue,
    HostAndPort,
    MailAddress,
    MailAddresses,
    RealFolder,
    RunbookAddress,
    WebAddress,
)
from reduse.settings.parts import ALL as OF_PARTS
from reduse.settings.parts import MARKS
from reduse.settings.retired import RETIRED

StoreChoice = Literal["prometheus-2", "prometheus-3", "victoriametrics"]
LAST_PORT = 65535
Port = Annotated[int, Field(ge=1, le=LAST_PORT)]
# As Kafka takes it, with room for what others append.
Topic = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,199}$")]
Brokers = Annotated[str, Field(pattern=r"^(\S+:\d{1,5}(,\S+:\d{1,5})*)?$")]

PREFIX = "REDUSE_"
CHECKOUT = Path(__file__).resolve().parents[3]
# User ids: of parts, and of groups for their secrets.
IDS_OF_AN_INSTALLATION = 4096
LAST_USER_ID = 2**31 - 1
# Prometheus counts durations in nanoseconds, in 64 bits.
LONGEST_RETENTION_SECONDS = 290 * duration.SECONDS["y"]


class Settings(BaseSettings):
    """Where the stack keeps its state and on which ports of 127.0.0.1 the parts of the pipeline listen."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    root: AbsolutePath = Field(default=CHECKOUT, description="Checkout of this project, whose files the parts read.")
    watch: AbsolutePath | None = Field(
        default=None,
        description="The company's file; by default that of the running stack, or `company/watch.yaml` if none runs.",
    )
    state_dir: RealFolder = Field(
        default=CHECKOUT / ".reduse",
        validate_default=True,
        description="Folder for data, logs, secrets and the built collector.",
    )
    cache_dir: AbsolutePath | None = Field(
        default=None, description="Folder of the built collector; STATE_DIR/cache by default."
    )
    otelcol: AbsolutePath | None = Field(
        default=None, description="Path of a collector binary to use instead of building one."
    )
    prometheus_program: AbsolutePath | None = Field(
        default=None, description="The Prometheus to run; by default the one on PATH, then Debian's."
    )
    promtool_program: AbsolutePath | None = Field(
        default=None, description="promtool; by default beside REDUSE_PROMETHEUS_PROGRAM, on PATH or Debian's."
    )
    alertmanager_program: AbsolutePath | None = Field(
        default=None, description="The Alertmanager to run; by default the one on PATH, then Debian's."
    )
    amtool_program: AbsolutePath | None = Field(
        default=None, description="amtool; by default beside REDUSE_ALERTMANAGER_PROGRAM, on PATH or Debian's."
    )
    victoriametrics_program: AbsolutePath | None = Field(
        default=None, description="The VictoriaMetrics (single-node) to run; built by default."
    )
    vmalert_program: AbsolutePath | None = Field(
        default=None, description="The vmalert that evaluates the rules for VictoriaMetrics; built by default."
    )
    postgresql_bin: AbsolutePath | None = Field(
        default=None,
        description="Folder of PostgreSQL's programs, for databases that the stack starts; Debian's by default.",
    )

    java_program: AbsolutePath | None = Field(
        default=None,
        description="The Java (17 or later) that runs Kafka; by default the one on PATH, then Debian's.",
    )

    agent_port: Port = Field(default=4317, description="Port of the agent, OTLP over gRPC.")
    agent_http_port: Port = Field(default=4318, description="Port of the agent, OTLP over HTTP.")
    agent_health_port: Port = Field(default=13133, description="Port of the agent's health check.")
    agent_metrics_port: Port = Field(default=8888, description="Port of the agent's own metrics.")
    gateway_port: Port = Field(default=4327, description="Port of the gateway, OTLP over gRPC.")
    gateway_health_port: Port = Field(default=13134, description="Port of the gateway's health check.")
    gateway_metrics_port: Port = Field(default=8889, description="Port of the gateway's own metrics.")
    processor_port: Port = Field(default=4337, description="Port of the processor, OTLP over gRPC.")
    processor_http_port: Port = Field(default=4338, description="Port of the processor, OTLP over HTTP.")
    processor_metrics_port: Port = Field(default=9464, description="Port of the processor's own metrics.")
    prometheus_port: Port = Field(default=9090, description="Port of Prometheus.")
    victoriametrics_port: Port = Field(default=8428, description="Port of VictoriaMetrics.")
    vmalert_port: Port = Field(default=8880, description="Port of vmalert.")
    alertmanager_port: Port = Field(default=9093, description="Port of Alertmanager.")
    grafana_port: Port = Field(default=3000, description="Port of Grafana.")
    console_port: Port = Field(default=8090, description="Port of the console.")
    kafka_port: Port = Field(default=9092, description="Port of Kafka's broker.")
    kafka_controller_port: Port = Field(default=9091, description="Port of the broker's controller.")

    load_rate: float = Field(
        default=20, gt=0, le=10_000, allow_inf_nan=False, description="Requests per second of the demonstration load."
    )
    load_minutes: int = Field(default=30, ge=1, le=1440, description="Duration of the demonstration load in minutes.")
    alert_webhook_url: WebAddress = Field(default="", description="URL that alerts are posted to.")
    alert_heartbeat_url: WebAddress = Field(
        default="", description="URL that the watchdog alert is posted to every five minutes."
    )
    alert_email_to: MailAddresses = Field(
        default="", description="Recipients of alerts by e-mail, separated by commas."
    )
    alert_email_from: MailAddress = Field(default="", description="Sender of the e-mails.")
    alert_smtp_server: HostAndPort = Field(
        default="", description="host:port of the SMTP server, which must support STARTTLS."
    )
    alert_smtp_user: str = Field(default="", description="User of the SMTP server; without it, no login.")
    alert_smtp_password_file: AbsolutePath | None = Field(
        default=None, description="File with the password of that user."
    )
    alert_telegram_chat: int | None = Field(
        default=None, description="Id of the Telegram chat that alerts are sent to."
    )
    alert_telegram_token_file: AbsolutePath | None = Field(
        default=None, description="File with the token of the Telegram bot."
    )
    runbook_url: RunbookAddress = Field(
        default="",
        description="Address of the runbooks that alerts and panels link to: `*` stands for the alert's name, which is "
        "appended where there is no `*`. The console's address when unset.",
    )

    security: bool = Field(
        default=False, description="Use TLS, certificates, a token and a password between the parts; true or false."
    )
    kafka: bool = Field(
        default=False,
        description="Send per-user data through Kafka, which is started as well; true or false.",
    )
    kafka_brokers: Brokers = Field(
        default="",
        description="host:port of the Kafka brokers, separated by commas; without it, the stack starts a broker.",
    )
    kafka_workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Number of workers to start, one per core; their metrics are on PROCESSOR_METRICS_PORT and the "
        "ports after it.",
    )
    kafka_exports_topic: Topic = Field(default="reduse.exports", description="Topic of per-user data.")
    kafka_metrics_topic: Topic = Field(default="reduse.metrics", description="Topic of derived metrics.")
    kafka_group: Topic = Field(
        default="reduse",
        description="Consumer group of the workers; the group of the gateways has the suffix `-gateway`.",
    )
    kafka_partitions: int = Field(
        default=8,
        ge=1,
        le=1024,
        description="Partitions of each of the two topics: the maximum number of workers. Cannot be changed later.",
    )
    kafka_heap_mib: int = Field(default=512, ge=192, le=65_536, description="Heap of the broker in MiB.")
    kafka_retention: str = Field(default="1d", description="Retention time of the topics.")
    kafka_retention_bytes: int = Field(
        default=8 * 2**30, ge=2**26, le=2**50, description="Maximum size of each of the two topics in bytes."
    )
    store: StoreChoice = Field(
        default="prometheus-2",
        description="Kind of the store for samples; only prometheus-3 is sent native histograms.",
    )
    store_url: WebAddress = Field(
        default="",
        description="URL of the store that commands query, up to /api/v1; that of the stack by default.",
    )
    store_user: str = Field(
        default="", description="User of the store, with STORE_PASSWORD_FILE; without it, no login."
    )
    store_password_file: AbsolutePath | None = Field(default=None, description="File with the password of that user.")
    store_token_file: AbsolutePath | None = Field(
        default=None, description="File with a bearer token for STORE_URL, instead of a user."
    )
    store_ca_file: AbsolutePath | None = Field(
        default=None, description="CA of the certificate of STORE_URL, as PEM; the system's CAs by default."
    )
    store_tenant: HeaderValue = Field(default="", description="Tenant, sent to STORE_URL as X-Scope-OrgID.")
    alertmanager_url: WebAddress = Field(
        default="", description="URL of the Alertmanager that `./reduse check` queries; that of the stack by default."
    )
    # Unset ones are the gateway's business: its file has the defaults.
    gateway_series_limit: int | None = Field(
        default=None, ge=1, le=1_000_000_000, description="Maximum number of series of one service in the store."
    )
    gateway_services_limit: int | None = Field(
        default=None, ge=1, le=1_000_000, description="Maximum number of services."
    )
    gateway_streams_limit: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000_000,
        description="Maximum number of streams of all services that the gateway keeps in memory.",
    )
    gateway_oldest_sample: str | None = Field(
        default=None,
        pattern=r"^[1-9]\d{0,8}(s|m|h)$",
        description="Maximum age of a sample; set it to ten minutes less than out_of_order_time_window of Prometheus.",
    )
    first_user_id: int | None = Field(
        default=None,
        ge=1000,
        le=LAST_USER_ID - IDS_OF_AN_INSTALLATION,
        description="First of the 4096 user ids as which parts run if the stack is started as root; by default from "
        "2013265920 on, according to REDUSE_STATE_DIR.",
    )
    retention: str = Field(default="15d", description="Retention time of samples.")

    @field_validator("retention", "kafka_retention")
    @classmethod
    def _check_retention(cls, value: str) -> str:
        if not 0 < retention_seconds(value) <= LONGEST_RETENTION_SECONDS:
            raise ValueError("must be a duration like 15d, of at most 290y")
        return value

    @property
    def runbooks(self) -> str:
        """The base address of runbooks."""
        return self.runbook_url or f"http://127.0.0.1:{self.console_port}/runbooks"

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

    @property
    def history_dirs(self) -> list[Path]:
        """Where histories of users' requests are: the processor's, or those of workers on Kafka; where the first would
        be, as long as there is none."""
        return sorted(self.data_dir.glob("processor*/history")) or [self.data_dir / "processor" / "history"]

    @property
    def starts_kafka(self) -> bool:
        """Whether it is part of the stack, and not one that is there already."""
        return self.kafka and not self.kafka_brokers

    @property
    def workers(self) -> int:
        """How many processors there are: with Kafka as many as are wanted."""
        return self.kafka_workers if self.kafka else 1

    @property
    def processor_names(self) -> list[str]:
        """The names of all processors, as parts of the stack."""
        return ["processor", *(f"processor-{number}" for number in range(2, self.workers + 1))]

    def worker_port(self, number: int) -> int:
        """Of the metrics of a worker, from 1 on."""
        return self.processor_metrics_port + number - 1

    def in_state_folder(self, path: Path) -> Path:
        """`path` as a process that runs in the state folder may name it: without what a configuration would expand."""
        return path.relative_to(self.state_dir)

    @property
    def remembered_watch_file(self) -> Path:
        """Where the stack keeps the path of the file that it was started for last."""
        return self.run_dir / "watch-file"

    @property
    def watch_file(self) -> Path:
        """The company's file: the one that is named, else the running stack's, else the reference company's."""
        if self.watch is not None:
            return self.watch
        try:
            return Path(self.remembered_watch_file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return self.reference_watch_file

    @property
    def reference_watch_file(self) -> Path:
        return self.root / "company" / "watch.yaml"

    def ports_of_workers(self) -> dict[str, int]:
        """Those of the second worker and those after it, as one may name them."""
        return {
            f"REDUSE_PROCESSOR_METRICS_PORT (worker {number} has it plus {number - 1})": self.worker_port(number)
            for number in range(2, self.kafka_workers + 1)
        }

    def ports(self) -> dict[str, int]:
        """Every port the pipeline listens on, by the name of its setting."""
        return {
            PREFIX + name.upper(): getattr(self, name) for name in type(self).model_fields if name.endswith("_port")
        }


SettingsOf = TypeVar("SettingsOf", bound=Settings)


def retention_seconds(text: str) -> float:
    """Of a duration like 15d; 0 when it is none. Stores take whole numbers only."""
    return 0 if "." in text or " " in text else duration.parse(text) or 0


def watch_of_a_new_stack() -> Path:
    """The company's file where none is named for a stack that is to be started, whatever ran last."""
    settings = read(Settings)
    return settings.watch or settings.reference_watch_file


def load_settings(environment: Mapping[str, str] = os.environ, *, watch: Path | None = None) -> Settings:
    """Read the settings; a `SettingError` names the first one that is wrong and how to mend it.

    Args:
        watch: the company's file, in the place of REDUSE_WATCH.
    """
    own = {PREFIX + name.upper() for name in Settings.model_fields}
    settings = read(Settings)
    if watch is not None:
        settings = settings.model_copy(update={"watch": watch.absolute()})
    _check_paths(settings)
    processes = reading.beside(settings.watch_file)
    brought = {setting.name for setting in own_settings.all_settings(processes)}
    # Those of the reference company may be set in the same shell.
    of_the_reference = own_settings.all_settings(reading.beside(settings.reference_watch_file))
    if doubled := sorted(own & brought):
        file = settings.watch_file.with_name(reading.NAME)
        raise SettingError(f"{file}: {doubled[0]} is a setting of the stack's own; give the process another `prefix`.")
    others = {setting.name for setting in OF_PARTS} | {setting.name for setting in of_the_reference}
    _check_names(environment, own | brought | others)
    values = own_settings.values(processes, environment)
    own_ports = {each.setting: int(values[each.setting]) for each in processes.listeners}
    _check_ports(settings.ports() | own_ports | settings.ports_of_workers())
    _check_workers(settings)
    return settings


def settings_of(environment: Mapping[str, str]) -> Settings:
    """Those that another process with this environment has, unchecked."""
    names = {PREFIX + name.upper(): name for name in Settings.model_fields}
    return Settings.model_validate({names[name]: text for name, text in environment.items() if name in names})


def _check_workers(settings: Settings) -> None:
    """How many partitions there are in another Kafka is asked there."""
    if settings.kafka_workers > settings.kafka_partitions and not settings.kafka_brokers:
        raise SettingError(
            f"REDUSE_KAFKA_WORKERS={settings.kafka_workers} is more than REDUSE_KAFKA_PARTITIONS="
            f"{settings.kafka_partitions}: a partition has one worker, so the other workers would be idle."
        )
    if settings.worker_port(settings.kafka_workers) > LAST_PORT:
        raise SettingError(
            f"REDUSE_KAFKA_WORKERS={settings.kafka_workers} leaves no port for the last worker: set "
            "REDUSE_PROCESSOR_METRICS_PORT to a lower one."
        )


def _check_names(environment: Mapping[str, str], known: Collection[str]) -> None:
    for name in sorted(environment):
        if name in RETIRED:
            raise SettingError(f"{name} is not a setting any more: {RETIRED[name]}")
        if name.startswith(PREFIX) and name not in known and name not in MARKS:
            near = difflib.get_close_matches(name, known, n=1)
            cure = f"did you mean {near[0]}?" if near else "unset it; `./reduse settings` lists those there are."
            raise SettingError(f"{name} is not a setting: {cure}")


def _check_ports(ports: Mapping[str, int]) -> None:
    taken: dict[int, str] = {}
    for name, port in ports.items():
        if port in taken:
            raise SettingError(f"{name}={port} is also {taken[port]}: set another port for one of them.")
        taken[port] = name


def read(kind: type[SettingsOf]) -> SettingsOf:
    """These settings from the environment; a `SettingError` says in one line which one is wrong."""
    try:
        return kind()
    except ValidationError as error:
        raise SettingError(_told(error.errors()[0])) from None
    except OSError as error:
        # A relative path, and the working folder is gone.
        raise SettingError(
            f"a path among the settings is relative to a folder that no longer exists ({error})."
        ) from None


def _told(error: ErrorDetails) -> str:
    field = str(error["loc"][0])
    value = without_secrets(str(error["input"])) if field.endswith("_url") else str(error["input"])
    default = Settings.model_fields[field].default
    unset = f"or unset it for {default}" if default not in (None, "") else "or unset it"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{PREFIX}{field.upper()}={value!r}: {message}. Give it another value, {unset}."


def _check_paths(settings: Settings) -> None:
    if settings.otelcol is not None and not (settings.otelcol.is_file() and os.access(settings.otelcol, os.X_OK)):
        raise SettingError(f"REDUSE_OTELCOL={settings.otelcol}: the program does not exist; unset it to build one.")
    if "root" in settings.model_fields_set and not is_checkout(settings.root):
        raise SettingError(f"REDUSE_ROOT={settings.root}: this is not a checkout of this project; unset it.")
    _check_folder("REDUSE_STATE_DIR", settings.state_dir)
    _check_folder("REDUSE_CACHE_DIR", settings.cache)


def _check_folder(name: str, folder: Path) -> None:
    try:
        there = next(path for path in (folder, *folder.parents) if path.exists() or path.is_symlink())
    except OSError as error:
        raise SettingError(f"{name}={folder}: {error.strerror}; name another folder, or unset it.") from None
    if not there.is_dir():
        raise SettingError(f"{name}={folder}: {there} is not a folder; name one, or unset it.")


def is_checkout(root: Path) -> bool:
    """Whether the files that the parts read are there."""
    return all((root / folder).is_dir() for folder in ("collector-config", "prometheus", "grafana"))
