"""Settings of the load, from environment variables LOAD_…"""

import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

EXIT_BAD_SETTINGS = 2
PREFIX = "LOAD_"
PARTNER_KEYS = TypeAdapter(Annotated[dict[str, str], Field(min_length=1)])


def _holds_partner_keys(path: Path) -> Path:
    read_partner_keys(path)
    return path


class LoadSettings(BaseSettings):
    """Whom to send requests to, as whom, how fast, and where to report."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    shop_url: str = "http://127.0.0.1:8001"
    crm_url: str = "http://127.0.0.1:8002"
    mes_url: str = "http://127.0.0.1:8003"
    # A load generator aimed elsewhere by mistake is an attack: hosts beyond this machine have to be named here.
    allowed_hosts: str = "127.0.0.1,localhost,::1"
    # JSON, {"partner id": "API key"}; without it no partner comes.
    partner_keys_file: Annotated[Path, AfterValidator(_holds_partner_keys)] | None = None
    # The k-th partner sends in proportion to 1 / k ** zipf_exponent, and the first takes this share on top.
    zipf_exponent: float = Field(default=1.1, ge=0.0, le=5.0)
    greedy_share: float = Field(default=0.2, ge=0.0, lt=1.0)
    # Requests per second of all users together; unset: each user waits as a person would.
    rate: float | None = Field(default=None, gt=0.0, le=10_000.0)
    report_file: Path | None = None

    @model_validator(mode="after")
    def hosts_are_allowed(self) -> "LoadSettings":
        """Every address is on the list."""
        for name in ("shop_url", "crm_url", "mes_url"):
            host = urlsplit(getattr(self, name)).hostname
            if host not in self.allowed_hosts.split(","):
                raise ValueError(
                    f"{PREFIX}{name.upper()} names the host {host}: add it to {PREFIX}ALLOWED_HOSTS if meant"
                )
        return self


def read_partner_keys(path: Path) -> dict[str, str]:
    """The API keys by partner, in the file's order; ValueError when the file does not hold them."""
    try:
        return PARTNER_KEYS.validate_json(path.read_bytes())
    except OSError as error:
        raise ValueError(f"cannot read {path} ({error.strerror})") from error
    except ValidationError as error:
        # What was found is not repeated: it may be a key.
        raise ValueError(f"{path} is not a JSON object of partner ids and API keys") from error


def load_settings() -> LoadSettings:
    """The settings of this process; bad ones end it with exit code 2 and one line that names each."""
    try:
        return LoadSettings()
    except ValidationError as error:
        complaints = "; ".join(
            f"{PREFIX}{str(details['loc'][0]).upper()}: {details['msg']}" if details["loc"] else details["msg"]
            for details in error.errors()
        )
        print(f"error: {complaints}", file=sys.stderr)  # noqa: T201 - the answer to a bad start
        sys.exit(EXIT_BAD_SETTINGS)
