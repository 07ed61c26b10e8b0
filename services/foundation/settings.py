"""Settings of a service, from environment variables; secrets come from files."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

EXIT_BAD_SETTINGS = 2

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def read_secret(path: Path) -> str:
    """The text of a secret file without the newline at its end; ValueError when there is none to be had."""
    try:
        secret = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise ValueError(f"cannot read {path} ({reason}): name a file that this process can read") from error
    if not secret:
        raise ValueError(f"{path} is empty: write the secret into it")
    return secret


def _holds_a_secret(path: Path) -> Path:
    read_secret(path)
    return path


SecretFile = Annotated[Path, AfterValidator(_holds_a_secret)]
Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(min_length=1)]


class DatabaseSettings(BaseSettings):
    """Where the service's database is, and how many connections one process may hold."""

    model_config = SettingsConfigDict(env_prefix="DATABASE_", frozen=True)

    host: Name
    port: Port
    name: Name
    user: Name
    password_file: SecretFile
    pool_size: int = Field(default=10, ge=1, le=100)


class BrokerSettings(BaseSettings):
    """Where the message broker is."""

    model_config = SettingsConfigDict(env_prefix="BROKER_", frozen=True)

    host: Name
    port: Port
    vhost: Name = "/"
    user: Name
    password_file: SecretFile


def load_settings(settings: type[SettingsT]) -> SettingsT:
    """The settings of this process; bad ones end it with exit code 2 and one line that names each."""
    try:
        return settings()
    except ValidationError as error:
        prefix = settings.model_config.get("env_prefix", "")
        refuse("; ".join(_complaint(prefix, details) for details in error.errors()))


def refuse(message: str) -> NoReturn:
    """End the process because of what it was told, with one line on standard error."""
    print(f"error: {message}", file=sys.stderr)  # noqa: T201 - logging is set up from settings, not before them
    sys.exit(EXIT_BAD_SETTINGS)


def _complaint(prefix: str, details: ErrorDetails) -> str:
    setting = prefix + "_".join(str(part) for part in details["loc"]).upper()
    if details["type"] == "missing":
        return f"{setting} is not set: set it in the environment"
    reason = details["msg"].removeprefix("Value error, ")
    return f"{setting} is not usable: {reason[0].lower()}{reason[1:]}"
