"""The two instrumentations that are compared, and a service under each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from behaviours.contrib import contrib_environment
from tests.otlp_receiver import OtlpReceiver
from tests.server import Server

INTERVAL_SECONDS = 0.1
USER_HEADER = "x-user"

UVICORN = ("uvicorn", "behaviours.application:app", "--port={port}", "--no-access-log")
GUNICORN = (
    "gunicorn",
    "behaviours.application:app",
    "--bind=127.0.0.1:{port}",
    "--worker-class=uvicorn_worker.UvicornWorker",
    "--preload",
)


@dataclass(frozen=True)
class Subject:
    """One instrumentation, as environment variables of `opentelemetry-instrument`."""

    name: str
    variables: Mapping[str, str]


def subjects(folder: Path) -> tuple[Subject, Subject]:
    """Ours, and contrib's with the stable names; `folder` is for files that contrib's needs."""
    ours = {"REDUSE_USER_HASH_KEY": "0123456789abcdef", "REDUSE_USER_RESOLVERS": f"header:{USER_HEADER}"}
    contrib = {**contrib_environment(folder), "OTEL_SEMCONV_STABILITY_OPT_IN": "http"}
    return Subject("reduse", ours), Subject("contrib", contrib)


def service(
    subject: Subject,
    receiver: OtlpReceiver,
    log: Path,
    command: Sequence[str] = UVICORN,
    interval_seconds: float = INTERVAL_SECONDS,
) -> Server:
    """The application under this instrumentation, which sends to `receiver`."""
    variables = {
        **subject.variables,
        "OTEL_SERVICE_NAME": "example",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": receiver.protocol,
        "OTEL_METRIC_EXPORT_INTERVAL": f"{interval_seconds * 1000:.0f}",
    }
    return Server(["opentelemetry-instrument", *command], variables, log)
