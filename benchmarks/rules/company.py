"""The series of a company with many services, as the collector writes them."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.rules.remote_write import Labels, Series

BOUNDS = ("0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1", "2.5", "5", "7.5", "10", "+Inf")
DELAYS = ("0.001", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "+Inf")
STATUSES = ("200", "404", "500")
USERS = (*(f"{number:016x}" for number in range(20)), "other", "anonymous")
LIMITS = ("1", "2", "5", "10", "20", "50", "100", "200", "500", "1000")
BURSTS = ("2", "30")


@dataclass(frozen=True)
class Size:
    services: int = 200
    instances: int = 2
    routes: int = 10
    counted: int = 50
    """Services whose users are counted."""


NAMESPACE = "measured"

START = 1_700_000_000.0
"""Since when all processes are there, Unix time: before what is fed."""


def service(number: int) -> str:
    return f"service-{number}"


def job(number: int) -> str:
    return f"{NAMESPACE}/{service(number)}"


def instances(size: Size) -> Iterator[Labels]:
    for number in range(size.services):
        for instance in range(size.instances):
            yield {"job": job(number), "instance": f"{number:08x}-0000-4000-8000-{instance:012x}"}


def of_instance(base: Labels, size: Size, interval: float) -> Iterator[Series]:
    """Everything that one process exports."""
    yield Series({**base, "__name__": "target_info", "telemetry_sdk_language": "python"}, level=1)
    yield Series({**base, "__name__": "reduse_export_interval_seconds"}, level=interval)
    yield Series({**base, "__name__": "reduse_totals_start_seconds"}, level=START)
    for kind in ("user", "system"):
        yield Series({**base, "__name__": "process_cpu_time_seconds_total", "type": kind}, slope=0.1)
    yield Series({**base, "__name__": "http_server_active_requests", "http_request_method": "GET"}, level=2)
    yield from _histogram({**base}, "reduse_event_loop_delay_seconds", DELAYS, 20)
    pool = {**base, "db_client_connection_pool_name": "main"}
    yield Series({**pool, "__name__": "db_client_connection_pending_requests"}, level=0)
    for operation in ("SELECT", "INSERT", "UPDATE"):
        labels = {**base, "db_operation_name": operation, "db_system_name": "postgresql"}
        yield from _histogram(labels, "db_client_operation_duration_seconds", BOUNDS, 10)
    for route in range(size.routes):
        for status in STATUSES:
            labels = {
                **base,
                "http_request_method": "GET",
                "http_response_status_code": status,
                "http_route": "/healthz" if route == 0 else f"/route/{route}",
                "network_protocol_version": "1.1",
                "url_scheme": "http",
            }
            yield from _histogram(labels, "http_server_request_duration_seconds", BOUNDS, 1)


def of_users(number: int) -> Iterator[Series]:
    """What the processor says of one service, each second."""
    base = {"job": "reduse-processor", "instance": "processor-1", "service": job(number)}
    for user in USERS:
        yield Series({**base, "__name__": "reduse_user_rate_per_second", "user": user}, level=2)
    for identity in ("user", "anonymous", "overflow"):
        yield Series({**base, "__name__": "reduse_user_requests_total", "identity": identity}, slope=20)
    for window in ("1m", "5m", "1h"):
        yield Series({**base, "__name__": "reduse_users_active", "window": window}, level=100)
    yield Series({**base, "__name__": "reduse_service_concurrency"}, level=1)
    for limit in LIMITS:
        for burst in BURSTS:
            labels = {**base, "limit": limit, "burst": burst}
            yield Series({**labels, "__name__": "reduse_rate_limit_rejected_total"}, slope=0.01)
            yield Series({**labels, "__name__": "reduse_rate_limit_users", "window": "1h"}, level=1)


def _histogram(labels: Labels, name: str, bounds: tuple[str, ...], rate: float) -> Iterator[Series]:
    for number, bound in enumerate(bounds, 1):
        yield Series({**labels, "__name__": f"{name}_bucket", "le": bound}, slope=rate * number / len(bounds))
    yield Series({**labels, "__name__": f"{name}_count"}, slope=rate)
    yield Series({**labels, "__name__": f"{name}_sum"}, slope=rate / 10)
