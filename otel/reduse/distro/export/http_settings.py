"""Where metrics go over OTLP/HTTP and how: what OTEL_EXPORTER_OTLP_* say, checked once.

Source: OpenTelemetry specification, "OpenTelemetry Protocol Exporter".
"""

import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from opentelemetry.util.re import parse_env_headers

from reduse import __version__
from reduse.distro.base.errors import ConfigurationError
from reduse.distro.export.authorization import HEADER, authorization_headers
from reduse.distro.export.compression import compression
from reduse.distro.export.otlp_setting import otlp_setting

DEFAULT_ENDPOINT = "http://localhost:4318"
_PATH = "v1/metrics"
_PORTS = {"http": 80, "https": 443}
_OURS = {"content-type": "application/x-protobuf", "user-agent": f"OTel-OTLP-Exporter-Python reduse/{__version__}"}


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths of PEM files; None for those of the machine, or for no certificate of our own."""

    authorities: str | None = None
    certificate: str | None = None
    key: str | None = None

    def context(self) -> ssl.SSLContext:
        """What a connection is made with.

        Raises:
            OSError: a file cannot be read, or is not what it should be.
        """
        context = ssl.create_default_context(cafile=self.authorities)
        context.set_alpn_protocols(["http/1.1"])
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """`target` is the path with its query; `tls` None: in plain text; `timeout` in seconds, for all attempts."""

    host: str
    port: int
    authority: str
    target: str
    headers: Mapping[str, str]
    compression: str
    timeout: float
    tls: TlsFiles | None

    @property
    def url(self) -> str:
        """The endpoint as it may be shown: without who logs in and without its query."""
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://{self.authority}{self.target.partition('?')[0]}"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "HttpSettings":
        """Read and check the settings.

        Raises:
            ConfigurationError: one cannot be used.
        """
        setting, url = _endpoint(environment)
        host, port = _host_and_port(setting, url)
        target = url.path or "/"
        return cls(
            host=host,
            port=port,
            authority=url.netloc.rpartition("@")[2],
            target=f"{target}?{url.query}" if url.query else target,
            headers=_headers(environment, url),
            compression=compression(environment, ("none", "gzip", "deflate")),
            timeout=float(otlp_setting(environment, "TIMEOUT", "3")),
            tls=_tls_files(environment) if url.scheme == "https" else None,
        )


def _endpoint(environment: Mapping[str, str]) -> tuple[str, SplitResult]:
    """The setting as it was given, and its address: that of metrics alone is taken as it is."""
    own = environment.get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "").strip()
    common = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip()
    name, given = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", own) if own else ("OTEL_EXPORTER_OTLP_ENDPOINT", common)
    setting = f"{name}={given}"
    try:
        url = urlsplit(given or DEFAULT_ENDPOINT)
    except ValueError as error:
        raise ConfigurationError(f"{setting} is not an address ({error}): use e.g. {DEFAULT_ENDPOINT}") from error
    return setting, url if own else url._replace(path=f"{url.path.rstrip('/')}/{_PATH}")


def _host_and_port(setting: str, url: SplitResult) -> tuple[str, int]:
    try:
        port = url.port
    except ValueError:
        port = 0
    if url.scheme not in _PORTS or not url.hostname or port == 0 or not _is_printable(url.geturl()):
        raise ConfigurationError(
            f"{setting} is not an address of OTLP over HTTP: use http:// or https://, a host and a port, "
            f"e.g. {DEFAULT_ENDPOINT}"
        )
    return url.hostname, port or _PORTS[url.scheme]


def _is_printable(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _headers(environment: Mapping[str, str], url: SplitResult) -> dict[str, str]:
    headers = {**parse_env_headers(otlp_setting(environment, "HEADERS"), liberal=True)}
    headers = {name.lower(): value for name, value in (headers | authorization_headers(environment)).items()}
    if url.username is not None and HEADER not in headers:
        login = f"{unquote(url.username)}:{unquote(url.password or '')}"
        headers[HEADER] = f"Basic {b64encode(login.encode()).decode()}"
    for name, value in headers.items():
        if not (_is_printable(name) and value.isprintable()):
            raise ConfigurationError(
                f"OTEL_EXPORTER_OTLP_HEADERS: {name!r} is not a header: write name=value, without line breaks"
            )
    return headers | _OURS


def _tls_files(environment: Mapping[str, str]) -> TlsFiles:
    files = TlsFiles(
        otlp_setting(environment, "CERTIFICATE") or None,
        otlp_setting(environment, "CLIENT_CERTIFICATE") or None,
        otlp_setting(environment, "CLIENT_KEY") or None,
    )
    if files.key is not None and files.certificate is None:
        raise ConfigurationError(
            "OTEL_EXPORTER_OTLP_CLIENT_KEY is set without OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: set both, or neither"
        )
    try:
        files.context()
    except OSError as error:
        paths = ", ".join(path for path in (files.authorities, files.certificate, files.key) if path)
        raise ConfigurationError(
            f"a file of OTEL_EXPORTER_OTLP_CERTIFICATE, _CLIENT_CERTIFICATE or _CLIENT_KEY cannot be used ({error}): "
            f"check {paths or 'the certificates of this machine'}"
        ) from error
    return files
