"""How the store of the running stack is asked."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from reduse.settings import secret_files
from reduse.settings.stack import Settings

PROMETHEUS_USER = "reduse"
AUTHORITY = "ca.crt"


@dataclass(frozen=True)
class PrometheusAccess:
    """How Prometheus is asked: where it is, user and password, and whom its certificate is checked by."""

    url: str
    auth: tuple[str, str] | None = None
    verify: ssl.SSLContext | bool = True


def prometheus_access(settings: Settings) -> PrometheusAccess:
    """Of the stack as it was started last, whatever REDUSE_SECURITY is now."""
    address = f"127.0.0.1:{settings.prometheus_port}"
    if not web_configuration(settings).exists():
        return PrometheusAccess(f"http://{address}")
    authority = ssl.create_default_context(cafile=str(settings.certificates_dir / AUTHORITY))
    password = secret_files.read(settings.secrets_dir, "prometheus_password")
    return PrometheusAccess(f"https://{address}", (PROMETHEUS_USER, password), authority)


def web_configuration(settings: Settings) -> Path:
    """Prometheus' `--web.config.file`; there only when security is on."""
    return settings.run_dir / "prometheus" / "web.yml"
