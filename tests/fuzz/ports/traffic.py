"""What really comes to each port, as bytes: made by the parts that send it, with nothing odd in it."""

import gzip
import random
import time
from collections.abc import Sequence

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from reduse.distro.export.metrics_encoding import MetricsEncoder
from reduse.distro.export.user_encoding import encode_users
from reduse.distro.sources.users.delta import UserPoint
from reduse.wire import RequestClass
from tests.http2 import DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, WINDOW_UPDATE, frame, head, message

SECOND = 1_000_000_000
SERVICES = ("fuzzed-a", "fuzzed-b", "fuzzed-c")
SIZES = (0, 1, 3, 20, 200)


def user_exports(number: int) -> list[bytes]:
    """Exports of the distro: the delta of users of some services, with classes of requests and with none."""
    draw, now = random.Random(number), time.time_ns()  # noqa: S311 - to be had again
    made = []
    for service in SERVICES:
        for size in SIZES:
            resource = Resource(
                {
                    "service.name": service,
                    "service.instance.id": f"{service}-{draw.randrange(3)}",
                    "service.namespace": draw.choice(("", "eu")),
                    "telemetry.sdk.name": "opentelemetry",
                    "process.pid": draw.randrange(2**15),
                }
            )
            users = [
                UserPoint(
                    f"{draw.randrange(10_000):016x}",
                    draw.randint(1, 9),
                    draw.random(),
                    False,
                    RequestClass(draw.choice(("", "price", "jobs")), draw.random() < 0.2),
                )
                for _ in range(size)
            ]
            points = [*users, UserPoint(None, draw.randint(0, 5), draw.random())]
            made.append(encode_users(resource, now - SECOND, now, iter(points), "user.hash", lambda _: None))
    return made


def service_exports(number: int) -> list[bytes]:
    """Exports of the distro: totals and readings of some services, of each kind of metric that it has."""
    draw = random.Random(number)  # noqa: S311 - to be had again
    made = []
    for service in SERVICES:
        for routes in (1, 5, 40):
            reader = InMemoryMetricReader()
            resource = Resource({"service.name": service, "service.instance.id": f"{service}-{draw.randrange(3)}"})
            meter = MeterProvider((reader,), resource, shutdown_on_exit=False).get_meter("reduse")
            durations = meter.create_histogram("http.server.request.duration", "s")
            active = meter.create_up_down_counter("http.server.active_requests", "{request}")
            sent = meter.create_counter("messaging.client.sent.messages", "{message}")
            memory = meter.create_gauge("process.memory.usage", "By")
            for route in range(routes):
                answered = {"http.route": f"/things/{route}", "http.response.status_code": draw.choice((200, 404, 500))}
                durations.record(draw.random(), answered)
                active.add(draw.randint(0, 3), {"http.request.method": draw.choice(("GET", "POST"))})
                sent.add(draw.randint(1, 9), {"messaging.destination.name": draw.choice(("orders", "status"))})
            memory.set(draw.randint(1 << 25, 1 << 29))
            data = reader.get_metrics_data()
            assert data is not None
            made.append(MetricsEncoder().encode(data))
    return made


def http_exports(exports: Sequence[bytes]) -> list[bytes]:
    """Exports as whole requests of HTTP, some of them compressed."""
    made = []
    for body in exports:
        for packed in (False, True):
            content = gzip.compress(body, 1) if packed else body
            encoding = b"content-encoding: gzip\r\n" if packed else b""
            made.append(
                b"POST /v1/metrics HTTP/1.1\r\nhost: 127.0.0.1:4338\r\nuser-agent: OTel-OTLP-Exporter-Python/1.45.1\r\n"
                b"accept-encoding: gzip, deflate\r\naccept: */*\r\nconnection: keep-alive\r\n"
                b"content-type: application/x-protobuf\r\n%scontent-length: %d\r\n\r\n%s"
                % (encoding, len(content), content)
            )
    return made


def grpc_connections(exports: Sequence[bytes]) -> list[bytes]:
    """Exports as what is said on a whole connection of HTTP/2."""
    return [
        PREFACE
        + frame(SETTINGS, body=bytes((0, 2, 0, 0, 0, 0, 0, 4, 0, 0x40, 0, 0)))
        + frame(WINDOW_UPDATE, body=bytes((0, 0x3F, 0, 1)))
        + frame(HEADERS, END_HEADERS, 1, head((b"user-agent", b"grpc-python/1.85.1")))
        + frame(DATA, END_STREAM, 1, message(body))
        for body in exports
        if len(body) < 16_000
    ]


def scrapes() -> list[bytes]:
    """Of Prometheus, of a kubelet, and of people."""
    accept = (
        b"application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
        b"text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    )
    scraped = (
        b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9464\r\nUser-Agent: Prometheus/2.42.0\r\nAccept: %s\r\n"
        b"Accept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n" % accept
    )
    named = scraped.replace(b"/metrics", b"/metrics?name[]=reduse_processor_services&name%5B%5D=python_info")
    probes = [
        b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:9464\r\nUser-Agent: kube-probe/1.31\r\nAccept: */*\r\n"
        b"Connection: close\r\n\r\n" % path
        for path in (b"/healthz", b"/readyz", b"/healthz", b"/readyz", b"/nothing", b"/")
    ]
    return [scraped, named, *probes]


def console_requests(services: Sequence[str] = ("mes-api", "shop-api")) -> list[bytes]:
    """Of a browser that opens the console, looks at what is there, and asks what a limit would do."""
    paths = ["/", "/healthz", "/metrics", "/api/definition", "/static/main.js", "/static/styles/page.css", "/enter"]
    paths += ["/runbooks/HostDiskFilling", "/api/stream?topic=state", "/api/stream?topic=alerts&topic=state"]
    paths += [f"/api/choices/{board}?service={services[0]}" for board in ("reduse-users", "reduse-pipeline")]
    paths += [
        f"/api/explore?service={service}&seconds=3600&limit={limit}&period={period}&burst=20"
        for service in services
        for limit, period in (("60", "minute"), ("2.5", "second"), ("1000", "hour"))
    ]
    browser = (
        "Host: 127.0.0.1:8090\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n"
        "Accept: text/html,application/json,text/event-stream;q=0.9,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate, br\r\n"
        "Accept-Language: ru,en;q=0.9\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n"
        'Cookie: reduse_console_8090=0123456789abcdef\r\nIf-None-Match: "0"\r\nConnection: keep-alive\r\n'
    )
    made = [f"GET {path} HTTP/1.1\r\n{browser}\r\n".encode() for path in paths]
    form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 11\r\n"
    made.append(f"POST /enter?to=/ HTTP/1.1\r\n{browser}{form}\r\ntoken=s0123".encode())
    made.append(f"GET /static/main.js HTTP/1.1\r\n{browser}Range: bytes=0-99,200-\r\n\r\n".encode())
    return made
