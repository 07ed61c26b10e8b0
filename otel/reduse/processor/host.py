"""The process: restores the state, serves until told to stop, leaves everything answered and on disk."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Iterator, Sequence

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, Resource
from prometheus_client import CollectorRegistry

from reduse.processor.core.engine import Engine
from reduse.processor.core.plugin import Processor
from reduse.processor.exposition import Exposition
from reduse.processor.instruments import Instruments
from reduse.processor.otlp.encoding import SERVICE_NAME as OWN_NAME
from reduse.processor.otlp.sender import Sender, gateway_channel
from reduse.processor.otlp.server import MetricsService, serve
from reduse.processor.settings import Settings, nanoseconds
from reduse.processor.state.committer import Committer
from reduse.processor.state.restore import restore
from reduse.processor.state.store import OutboxReader, Store

logger = logging.getLogger(__name__)

GRACE_SECONDS = 5.0


@contextlib.contextmanager
def _instruments(instance: str, registry: CollectorRegistry) -> Iterator[Instruments]:
    reader = PrometheusMetricReader(registry=registry, scope_info_enabled=False)
    resource = Resource({SERVICE_NAME: OWN_NAME, SERVICE_INSTANCE_ID: instance})
    provider = MeterProvider([reader], resource, AlwaysOffExemplarFilter(), shutdown_on_exit=False)
    try:
        yield Instruments(provider)
    finally:
        provider.shutdown()


async def run(settings: Settings, kinds: Sequence[type[Processor]]) -> int:
    """Serve until SIGTERM or SIGINT; the exit status.

    Raises LockedError; OSError for a port or folder; sqlite3.OperationalError when the state cannot be opened now.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    restored = await asyncio.to_thread(
        restore,
        settings.state_dir,
        settings.outbox_bytes,
        lambda: Engine(kinds, settings.options, settings.bounds),
        time.time_ns(),
    )
    registry = CollectorRegistry()
    with restored.store as store, _instruments(store.instance, registry) as instruments:
        return await _serve(settings, store, restored.engine, instruments, registry, stop, damaged=restored.damaged)


async def _serve(
    settings: Settings,
    store: Store,
    engine: Engine,
    instruments: Instruments,
    registry: CollectorRegistry,
    stop: asyncio.Event,
    *,
    damaged: bool,
) -> int:
    reader = OutboxReader(settings.state_dir)
    sender = Sender(gateway_channel(settings.gateway), reader, instruments)
    committer = Committer(
        store,
        engine,
        instruments,
        interval=settings.commit_interval_seconds,
        damaged=damaged,
        on_payloads=sender.wake,
    )
    service = MetricsService(
        committer,
        instruments,
        requests_limit=settings.requests_limit,
        future=nanoseconds(settings.future_seconds),
    )
    exposition = Exposition(
        settings.metrics_port,
        registry,
        ready=lambda: committer.alive and instruments.status.available and not stop.is_set(),
    )
    server = await serve(service, settings.endpoint, settings.message_bytes)
    committer.start()
    sender.start(committer.sent)
    exposition.start()
    logger.info("taking OTLP on %s, sending to %s", settings.endpoint, settings.gateway)
    try:
        while committer.alive and not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1.0)
    finally:
        logger.info("stopping")
        await server.stop(GRACE_SECONDS)
        await asyncio.to_thread(committer.stop)
        await asyncio.to_thread(sender.stop)
        await asyncio.to_thread(exposition.stop)
        service.close()
    return 0 if committer.failure is None else 1
