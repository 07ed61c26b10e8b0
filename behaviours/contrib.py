"""Contrib's own instrumentation under `opentelemetry-instrument`, as it is where this package is not installed.

`opentelemetry-instrument` takes the distro and the configurator from entry points. The package `opentelemetry-distro`
would name those of the SDK; a folder with the same two entry points does so too, without being installed.
"""

from collections.abc import Mapping
from pathlib import Path

_NAME = "contrib"
_ENTRY_POINTS = f"""\
[opentelemetry_distro]
{_NAME} = opentelemetry.instrumentation.distro:DefaultDistro

[opentelemetry_configurator]
{_NAME} = opentelemetry.sdk._configuration:_OTelSDKConfigurator
"""


def contrib_environment(folder: Path) -> Mapping[str, str]:
    """What makes `opentelemetry-instrument` run contrib's FastAPI instrumentation; `folder` gets the entry points.

    The other instrumentations are left out, so that only what measures HTTP is compared.
    """
    information = folder / f"{_NAME}-0.dist-info"
    information.mkdir(exist_ok=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {_NAME}\nVersion: 0\n", encoding="utf-8")
    (information / "entry_points.txt").write_text(_ENTRY_POINTS, encoding="utf-8")
    return {
        "PYTHONPATH": str(folder),
        "OTEL_PYTHON_DISTRO": _NAME,
        "OTEL_PYTHON_CONFIGURATOR": _NAME,
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "asgi,asyncpg,pika,psycopg,psycopg2,starlette,system_metrics",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
    }
