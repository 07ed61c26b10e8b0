"""The real agent, the real gateway and the store behind them, as services and people see them."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import grpc
import httpx
from prometheus_client.parser import text_string_to_metric_families

from reduse.store.client import StoreClient
from reduse.yaml_text import write_yaml
from tests.collector import servers
from tests.collector.configuration import AGENT, PROMETHEUS, read
from tests.ports import free_port
from tests.server import Server
from tests.waiting import PATIENCE_SECONDS

# What comes from services; the other pipelines need databases and a broker.
PIPELINES = ("metrics/services", "metrics/live", "metrics/kept", "metrics/users")

Labels = frozenset[tuple[str, str]]


def labels(**given: str) -> Labels:
    return frozenset(given.items())


@dataclass(frozen=True)
class Pipeline:
    """Three running processes, the port of the agent's OTLP/HTTP, and the addresses of what the collectors count."""

    agent: Server
    gateway: Server
    store: Server
    queries: StoreClient
    agent_http_port: int
    agent_metrics: str
    gateway_metrics: str

    @property
    def agent_http(self) -> str:
        return f"http://127.0.0.1:{self.agent_http_port}/v1/metrics"

    def counted(self, name: str) -> dict[Labels, float]:
        """What the gateway counts under this name, without its suffix `_total`, by labels."""
        return counted(self.gateway_metrics, name)

    def fate(self, service: str) -> dict[str, float]:
        """What became of a service's points: how many were stored, and left out by reason, where there are any."""
        found = dict[str, float]()
        for has, count in self.counted("reduse_gateway_points_stored").items():
            if ("service", service) in has:
                found["stored"] = count
        for has, count in self.counted("reduse_gateway_points_left_out").items():
            if ("service", service) in has:
                found[dict(has)["reason"]] = count
        return {what: count for what, count in found.items() if count}

    def waiting(self) -> float:
        """Bytes in the agent's queues."""
        return sum(counted(self.agent_metrics, "otelcol_exporter_queue_size").values())

    def show(self) -> None:
        """Let what the store has taken be seen: VictoriaMetrics would show it after some seconds."""
        # Others answer that there is no such page.
        httpx.get(f"{self.store.url}/internal/force_flush", timeout=PATIENCE_SECONDS)

    def samples(self, selector: str, seconds: int = 7200) -> dict[Labels, dict[int, float]]:
        """All samples of each series that were stored of the last so many seconds: milliseconds to values."""
        self.show()
        # A little ahead: what is newer than the server's clock counts too.
        query = urlencode({"query": f"{selector}[{seconds}s] offset -10m"})
        return {
            frozenset(series["metric"].items()): {
                round(moment * 1000): float(value) for moment, value in series["values"]
            }
            for series in self.queries.get(f"/api/v1/query?{query}")["result"]
        }


def counted(url: str, name: str) -> dict[Labels, float]:
    found = {}
    for family in text_string_to_metric_families(httpx.get(url, timeout=PATIENCE_SECONDS).text):
        for sample in family.samples:
            if sample.name in {name, f"{name}_total"}:
                kept = {key: value for key, value in sample.labels.items() if not key.startswith("otel_scope_")}
                found[frozenset(kept.items())] = sample.value
    return found


class _Taken(grpc.GenericRpcHandler):
    """Stands in for the processor: takes all."""

    def service(self, _details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        return grpc.unary_unary_rpc_method_handler(lambda _body, _context: b"")


@contextmanager
def _processor() -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((_Taken(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def _agent_configuration(folder: Path, *, cuts_off: bool) -> Path:
    """The shipped one without what asks databases, the broker and the host."""
    document: dict[str, Any] = read(AGENT)
    document["receivers"] = {"otlp": document["receivers"]["otlp"]}
    if not cuts_off:
        document["receivers"]["otlp"]["protocols"]["http"] |= {"read_header_timeout": "1h", "read_timeout": "1h"}
    pipelines = {name: document["service"]["pipelines"][name] for name in PIPELINES}
    document["service"]["pipelines"] = pipelines
    used = {name for each in pipelines.values() for name in each.get("processors", ())}
    document["processors"] = {name: kept for name, kept in document["processors"].items() if name in used}
    path = folder / "agent.yaml"
    path.write_text(write_yaml(document), encoding="utf-8")
    return path


@contextmanager
def running(
    otelcol: Path,
    folder: Path,
    *,
    store: str = "prometheus",
    variables: Mapping[str, str] | None = None,
    queue_bytes: int | None = None,
    cuts_off: bool = True,
) -> Iterator[Pipeline]:
    """Until the block ends.

    Args:
        otelcol: the collector that is built.
        folder: where configurations, data and logs are put.
        store: the program, of Prometheus or of VictoriaMetrics.
        variables: settings of the gateway, on top of those that are shipped.
        queue_bytes: of each of the agent's queues, instead of what is shipped.
        cuts_off: whether the agent closes connections of HTTP on which a request takes too long, as it is shipped.
    """
    agent_http, agent_metrics, gateway_metrics = (free_port() for _ in range(3))
    with ExitStack() as stack:
        server = stack.enter_context(
            servers.victoriametrics(folder, binary=store)
            if servers.is_victoriametrics(store)
            else servers.prometheus(folder, {"storage": read(PROMETHEUS)["storage"]}, binary=store)
        )
        own = {"REDUSE_GATEWAY_METRICS_PORT": str(gateway_metrics)}
        gateway = stack.enter_context(servers.gateway(otelcol, folder, server.url, **(own | dict(variables or {}))))
        agent = Server(
            [
                str(otelcol),
                f"--config={_agent_configuration(folder, cuts_off=cuts_off)}",
                "--set=receivers.otlp.protocols.grpc.endpoint=127.0.0.1:{port}",
            ],
            {
                "PATH": os.environ["PATH"],
                "REDUSE_QUEUE_DIR": str(folder / "queue"),
                "REDUSE_AGENT_HTTP_ENDPOINT": f"127.0.0.1:{agent_http}",
                "REDUSE_AGENT_HEALTH_ENDPOINT": f"127.0.0.1:{free_port()}",
                "REDUSE_AGENT_METRICS_PORT": str(agent_metrics),
                "REDUSE_GATEWAY_ENDPOINT": f"127.0.0.1:{gateway.port}",
                "REDUSE_PROCESSOR_ENDPOINT": stack.enter_context(_processor()),
                **({} if queue_bytes is None else {"REDUSE_QUEUE_BYTES": str(queue_bytes)}),
            },
            folder / "agent.log",
        )
        stack.enter_context(agent)
        yield Pipeline(
            agent,
            gateway,
            server,
            stack.enter_context(StoreClient(server.url)),
            agent_http,
            f"http://127.0.0.1:{agent_metrics}/metrics",
            f"http://127.0.0.1:{gateway_metrics}/metrics",
        )
