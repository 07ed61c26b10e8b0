"""Compression of what is sent."""

import gzip
import zlib
from collections.abc import Collection, Mapping

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.export.otlp_setting import otlp_setting

# That of zlib: the next ones take twice the time for a twentieth less.
_LEVEL = 6


def compression(environment: Mapping[str, str], known: Collection[str]) -> str:
    """What OTEL_EXPORTER_OTLP_COMPRESSION says; `known` are those that the protocol knows.

    Raises:
        ConfigurationError: it is none of them.
    """
    value = otlp_setting(environment, "COMPRESSION", "none").strip().lower()
    if value not in known:
        raise ConfigurationError(
            f"OTEL_EXPORTER_OTLP_COMPRESSION={value} is not supported with this protocol: use one of {', '.join(known)}"
        )
    return value


def compressed(payload: bytes, kind: str) -> bytes:
    """The payload as `kind` of the header content-encoding says; `none` leaves it."""
    if kind == "gzip":
        return gzip.compress(payload, _LEVEL, mtime=0)
    return zlib.compress(payload, _LEVEL) if kind == "deflate" else payload
