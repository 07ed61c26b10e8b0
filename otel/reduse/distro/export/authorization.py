"""The bearer token that an agent asks services for."""

from collections.abc import Mapping
from pathlib import Path

from opentelemetry.util.re import parse_env_headers

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.export.otlp_setting import otlp_setting

HEADER = "authorization"


def authorization_headers(environment: Mapping[str, str]) -> dict[str, str]:
    """The token in the file REDUSE_TOKEN_FILE as a header, beside OTEL_EXPORTER_OTLP_HEADERS; empty without.

    Raises:
        ConfigurationError: there is no token in it, there are two, or it would be sent in plain text.
    """
    path = environment.get("REDUSE_TOKEN_FILE")
    if not path:
        return {}
    endpoint = otlp_setting(environment, "ENDPOINT")
    if not endpoint.lower().startswith("https://"):
        raise ConfigurationError(
            f"REDUSE_TOKEN_FILE is set, and OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} would send it in plain text: "
            "use https://"
        )
    others = parse_env_headers(otlp_setting(environment, "HEADERS"), liberal=True)
    if any(name.lower() == HEADER for name in others):
        raise ConfigurationError("REDUSE_TOKEN_FILE and OTEL_EXPORTER_OTLP_HEADERS give an authorization: unset one")
    return {**others, HEADER: f"Bearer {_token(path)}"}


def _token(path: str) -> str:
    """The first word of the first line: after it an agent's file may have a remark, and older tokens below."""
    try:
        words = Path(path).read_text(encoding="ascii").split(maxsplit=1)
    except OSError as error:
        raise ConfigurationError(
            f"REDUSE_TOKEN_FILE={path} cannot be read ({error.strerror}): name a file that this process may read"
        ) from error
    except UnicodeDecodeError:
        words = []
    if not words or not words[0].isprintable():
        raise ConfigurationError(f"REDUSE_TOKEN_FILE={path} contains no token: write one into it, in ASCII characters")
    return words[0]
