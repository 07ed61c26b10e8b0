"""Whose cost is measured: the same application under each instrumentation, as its documentation says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from opentelemetry.instrumentation import auto_instrumentation

from behaviours.contrib import contrib_environment
from benchmarks.distro.application import USER_HEADER
from tests.server import Server

# Everybody who pushes does it as often as ours does by default. Contrib's default is a minute.
INTERVAL_SECONDS = 1.0

# Longer than the turn of all others takes.
_KEEP_ALIVE_SECONDS = 600

BARE = "bare"
FLOOR = "floor"
OURS_RED = "reduse"
OURS = "reduse-users"
OURS_POLICIES = "reduse-policies"
OURS_BY_PATH = "reduse-users-by-path"
CONTRIB = "contrib"

# The busy route is under the last.
_POLICIES = "pages=GET /pages/*;writes=POST /api/*;lists=GET /api/v1/items/pages/*;items=GET /api/v1/items/{item_id}"

# Those that are nobody else's instrumentation.
OURS_AND_NONE = (BARE, FLOOR, OURS_RED, OURS, OURS_POLICIES, OURS_BY_PATH)


class Endpoints(NamedTuple):
    """Of one receiver, by protocol: each subject sends by the one that it sends by when nothing is set."""

    grpc: str
    http: str


class Counts(Enum):
    """Where a subject's own count of the requests can be read."""

    NOWHERE = ""
    OTLP = "otlp"
    PROMETHEUS_FASTAPI_INSTRUMENTATOR = "http_requests_total"
    STARLETTE_EXPORTER = "starlette_requests_total"


@dataclass(frozen=True)
class Subject:
    """One way to instrument the application.

    `factory` makes the application; `variables` are those of `opentelemetry-instrument`, None when it is not used.
    `launched`: by that command; otherwise PYTHONPATH has what that command puts there.
    """

    name: str
    title: str
    counts: Counts
    factory: str = "bare"
    variables: Mapping[str, str] | None = None
    by_user: bool = False
    launched: bool = True

    @property
    def is_other(self) -> bool:
        """Whether it is somebody else's instrumentation."""
        return self.name not in OURS_AND_NONE

    def server(self, endpoints: Endpoints, log: Path) -> Server:
        """One uvicorn worker with uvloop and httptools, which sends to the receiver at one of the endpoints."""
        command: Sequence[str] = (
            "uvicorn",
            "--factory",
            f"benchmarks.distro.application:{self.factory}",
            "--port={port}",
            "--loop=uvloop",
            "--http=httptools",
            "--no-access-log",
            f"--timeout-keep-alive={_KEEP_ALIVE_SECONDS}",
            "--log-level=warning",
        )
        instrumented: Mapping[str, str] = {}
        if self.variables is not None and self.launched:
            command = ("opentelemetry-instrument", *command)
        elif self.variables is not None:
            instrumented = {"PYTHONPATH": str(Path(auto_instrumentation.__file__).parent)}
        exporting = {
            "OTEL_SERVICE_NAME": self.name,
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoints.grpc if self.is_other else endpoints.http,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc" if self.is_other else "http/protobuf",
            "OTEL_METRIC_EXPORT_INTERVAL": f"{INTERVAL_SECONDS * 1000:.0f}",
        }
        push = exporting if self.counts is Counts.OTLP else {}
        return Server(command, {**push, **(self.variables or {}), **instrumented}, log)


def subjects(folder: Path) -> tuple[Subject, ...]:
    """All subjects; `folder` is for files that contrib's need."""
    contrib = contrib_environment(folder)
    users = {"REDUSE_USER_HASH_KEY": "0123456789abcdef", "REDUSE_USER_RESOLVERS": f"header:{USER_HEADER}"}
    return (
        Subject(BARE, "bare", Counts.NOWHERE),
        Subject(FLOOR, "two looks at the clock", Counts.NOWHERE, factory="floor"),
        Subject(OURS_RED, "reduse: RED", Counts.OTLP, variables={}),
        Subject(OURS, "reduse: RED and users", Counts.OTLP, variables=users, by_user=True),
        Subject(
            OURS_POLICIES,
            "reduse: RED and users by policy",
            Counts.OTLP,
            variables=users | {"REDUSE_USER_POLICIES": _POLICIES},
            by_user=True,
        ),
        Subject(
            "prometheus-fastapi-instrumentator",
            "prometheus-fastapi-instrumentator",
            Counts.PROMETHEUS_FASTAPI_INSTRUMENTATOR,
            factory="prometheus_fastapi_instrumentator",
        ),
        Subject("starlette-exporter", "starlette_exporter", Counts.STARLETTE_EXPORTER, factory="starlette_exporter"),
        Subject("fastapi", "FastAPI's own: metrics", Counts.OTLP, factory="fastapi_telemetry"),
        Subject(
            "contrib-metrics",
            "contrib: metrics only",
            Counts.OTLP,
            variables={
                **contrib,
                "OTEL_TRACES_SAMPLER": "always_off",
                "OTEL_METRICS_EXEMPLAR_FILTER": "always_off",
                "OTEL_SEMCONV_STABILITY_OPT_IN": "http",
            },
        ),
        Subject(CONTRIB, "contrib as it comes", Counts.OTLP, variables=contrib),
        Subject(
            "contrib-traces",
            "contrib, spans exported",
            Counts.OTLP,
            variables={**contrib, "OTEL_TRACES_EXPORTER": "otlp"},
        ),
    )
