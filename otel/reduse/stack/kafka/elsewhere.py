"""A Kafka that the stack does not start: how it is reached, by the settings that a worker has for it."""

import os
from pathlib import Path

from reduse.errors import SettingError
from reduse.processor.kafka import settings as workers
from reduse.processor.settings import SettingsError
from reduse.settings import secret_files
from reduse.settings.passthrough import given
from reduse.settings.stack import Settings

PASSWORD = "kafka_elsewhere"  # noqa: S105 - the name of a file
AUTHORITY = f"{workers.PREFIX}TLS_CA_FILE"
USER = f"{workers.PREFIX}USER"
PASSWORD_FILE = f"{workers.PREFIX}PASSWORD_FILE"
_FILES = frozenset({AUTHORITY, f"{workers.PREFIX}TLS_CERT_FILE", f"{workers.PREFIX}TLS_KEY_FILE"})
_OTHERS = frozenset({USER, f"{workers.PREFIX}SASL_MECHANISM"})


def client(settings: Settings) -> dict[str, str]:
    """As librdkafka takes it. Raises SettingError."""
    found = workers.connection(*_of_workers())
    if settings.security and "ssl.ca.location" not in found:
        raise SettingError(
            f"REDUSE_SECURITY=true, and the way to REDUSE_KAFKA_BROKERS={settings.kafka_brokers} would be plain text: "
            f"set {AUTHORITY}."
        )
    return {name: str(value) for name, value in found.items()} | {"bootstrap.servers": settings.kafka_brokers}


def check_idle() -> None:
    """Raise SettingError for what says how another Kafka is reached where the stack starts its own."""
    for name in sorted(given(_FILES | _OTHERS | {PASSWORD_FILE})):
        raise SettingError(
            f"{name} is for a Kafka that is there already: name that in REDUSE_KAFKA_BROKERS, or unset this."
        )


def topics_of_workers() -> dict[str, str]:
    """Each topic that a worker knows, by what it is for, such as `exports` and `state`. Raises SettingError."""
    kafka, _ = _of_workers()
    end = "_topic"
    return {name.removesuffix(end): getattr(kafka, name) for name in dir(kafka) if name.endswith(end)}


def environment(folder: Path) -> dict[str, str]:
    """What a part is told beside the brokers; `folder` is that of the secrets as the part names it."""
    # Parts run in folders of their own.
    files = {name: str(Path(file).absolute()) for name, file in given(_FILES).items()}
    password = {PASSWORD_FILE: str(folder / PASSWORD)} if _logs_in() else {}
    return {**files, **given(_OTHERS), **password}


def layers(collector: str) -> list[str]:
    """Files for the agent or the gateway, to be laid over those for Kafka."""
    tls, sasl = f"{collector}-kafka-tls.yaml", f"{collector}-kafka-sasl.yaml"
    return [*([tls] if given({AUTHORITY}) else []), *([sasl] if _logs_in() else [])]


def write_password(settings: Settings) -> None:
    """Alone in a file, as the collectors have to have it: what ends a line would be part of it."""
    if _logs_in():
        password = secret_files.line(PASSWORD_FILE, Path(os.environ[PASSWORD_FILE]))
        settings.secrets_dir.mkdir(parents=True, exist_ok=True)
        secret_files.write(settings.secrets_dir / PASSWORD, password)


def _of_workers() -> tuple[workers.KafkaSettings, workers.WorkerSettings]:
    try:
        return workers.load(os.environ)
    except SettingsError as error:
        raise SettingError(f"{error}.") from None


def _logs_in() -> bool:
    return bool(os.environ.get(USER))
