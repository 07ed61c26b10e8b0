"""Other distros beside ours, installed in a folder that comes before everything else: the worst order for us."""

from pathlib import Path

_CONTRIBS = """
import os
from opentelemetry.instrumentation.distro import BaseDistro
from opentelemetry.sdk._configuration import _OTelSDKConfigurator

class OpenTelemetryConfigurator(_OTelSDKConfigurator):
    pass

class OpenTelemetryDistro(BaseDistro):
    def _configure(self, **kwargs):
        for signal in ("TRACES", "METRICS", "LOGS"):
            os.environ.setdefault(f"OTEL_{signal}_EXPORTER", "otlp")
        os.environ.setdefault("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
"""

_THIRD = """
import sys
from opentelemetry.instrumentation.distro import BaseDistro

class Configurator:
    def configure(self, **kwargs):
        sys.stderr.write("third configures\\n")

class Distro(BaseDistro):
    def _configure(self, **kwargs):
        sys.stderr.write("third runs\\n")
"""

_ENTRY_POINTS = """[opentelemetry_distro]
{name} = {module}:{distro}
[opentelemetry_configurator]
{configurator_name} = {module}:{configurator}
"""


def install_contribs(folder: Path) -> None:
    """`opentelemetry-distro`, as far as it matters here."""
    entry_points = _ENTRY_POINTS.format(
        name="distro",
        module="opentelemetry.distro",
        distro="OpenTelemetryDistro",
        configurator_name="configurator",
        configurator="OpenTelemetryConfigurator",
    )
    (folder / "opentelemetry").mkdir(parents=True)
    (folder / "opentelemetry" / "distro.py").write_text(_CONTRIBS)
    _describe(folder, "opentelemetry_distro", entry_points)


def install_third(folder: Path) -> None:
    """A vendor's, made up."""
    entry_points = _ENTRY_POINTS.format(
        name="third",
        module="third_distro",
        distro="Distro",
        configurator_name="third_configurator",
        configurator="Configurator",
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "third_distro.py").write_text(_THIRD)
    _describe(folder, "third_distro", entry_points)


def _describe(folder: Path, name: str, entry_points: str) -> None:
    description = folder / f"{name}-1.0.dist-info"
    description.mkdir()
    (description / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (description / "entry_points.txt").write_text(entry_points)
