"""The process: restores the state, serves until told to stop, leaves everything answered and on disk."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import time
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry

from reduse.processor.bounded_server import CONNECTIONS as METRICS_CONNECTIONS
from reduse.processor.compilation import compile_ahead
from reduse.processor.connections import ConnectionInstruments, Port, allow_descriptors
from reduse.processor.core.engine import Emission, Engine
from reduse.processor.core.plugin import Processor
from reduse.processor.exposition import Exposition, meter_provider
from reduse.processor.faults import Faults
from reduse.processor.history.history import History
from reduse.processor.history.instruments import HistoryInstruments
from reduse.processor.instruments import Instruments
from reduse.processor.pipeline.clock_steps import ClockSteps
from reduse.processor.pipeline.committer import Committer
from reduse.processor.pipeline.gateway import GatewayChannel
from reduse.processor.pipeline.intake import Intake
from reduse.processor.pipeline.sender import Sender
from reduse.processor.servers.grpc import GrpcBounds, GrpcServer
from reduse.processor.servers.http.server import Bounds, HttpServer
from reduse.processor.settings import Settings, nanoseconds
from reduse.processor.state.restore import Restored, restore
from reduse.processor.state.store import OutboxReader, Store

logger = logging.getLogger(__name__)

# Longer than a commit waits for a busy file.
GRACE_SECONDS = 8
# Files, and connections of its own.
OWN_DESCRIPTORS = 128


async def run(settings: Settings, kinds: Sequence[type[Processor]]) -> int:
    """Serve until SIGTERM or SIGINT; the exit status.

    Raises LockedError; OSError for a port or folder; sqlite3.OperationalError when the state cannot be opened now.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    allow_descriptors(2 * settings.connections + METRICS_CONNECTIONS + OWN_DESCRIPTORS)
    registry = CollectorRegistry()
    exposition = Exposition(settings.metrics_host, settings.metrics_port, registry)
    # From the start: restoring a large state takes a while, and the process is healthy meanwhile.
    exposition.start()
    faults = Faults(logger)
    history: History | None = None
    try:

        def kept(store: Store) -> Callable[[Sequence[Emission]], None]:
            # Once the state is this process' own: before, another one may be keeping both.
            nonlocal history
            if history is None and settings.history_limits is not None:
                folder = settings.history_dir or settings.state_dir / "history"
                history = History(folder, settings.history_limits, faults)
            return _kept_in(history, store)

        restored = await asyncio.to_thread(
            restore,
            settings.state_dir,
            settings.outbox_bytes,
            lambda: Engine(kinds, settings.options, settings.bounds),
            time.time_ns(),
            kept,
        )
        with restored.store as store, meter_provider(store.instance, registry) as provider:
            # With the state taken: who may not have it is told at once, and not when everything is compiled.
            await asyncio.to_thread(compile_ahead)
            if stop.is_set():
                return 0
            if history is not None:
                HistoryInstruments(provider, history.status)
            ConnectionInstruments(provider, _ports(settings))
            return await _serve(settings, restored, Instruments(provider), exposition, faults, history, stop)
    finally:
        if history is not None:
            await asyncio.to_thread(history.stop)
        await asyncio.to_thread(exposition.stop)


def _kept_in(history: History | None, store: Store) -> Callable[[Sequence[Emission]], None]:
    """The windows of a state: one that begins anew is another source of them."""
    return (lambda _: None) if history is None else history.source(f"processor-{store.instance[:8]}")


async def _serve(
    settings: Settings,
    restored: Restored,
    instruments: Instruments,
    exposition: Exposition,
    faults: Faults,
    history: History | None,
    stop: asyncio.Event,
) -> int:
    channel = GatewayChannel(settings.gateway, settings.tls)
    sender = Sender(channel, OutboxReader(settings.state_dir), instruments, faults)
    committer = Committer(
        restored.store,
        restored.shard,
        instruments,
        interval=settings.commit_interval_seconds,
        damaged=restored.damaged,
        on_payloads=sender.wake,
        on_emissions=_kept_in(history, restored.store),
        before_snapshot=history.sync if history is not None else lambda: None,
        clock_step=ClockSteps(),
    )
    intake = Intake(
        committer,
        instruments,
        requests_limit=settings.requests_limit,
        future=nanoseconds(settings.future_seconds),
        faults=faults,
    )
    doors = _doors(settings, intake)
    committer.start()
    sender.start(committer.sent)
    try:
        for door in doors:
            await door.start()
        # What is there now stays. A full collection would go over all of it, and nothing else runs meanwhile.
        gc.freeze()
        exposition.ready = lambda: (
            committer.alive and committer.disk.writable and all(door.serving for door in doors) and not stop.is_set()
        )
        taking = " and ".join(filter(None, (settings.endpoint, settings.http_endpoint)))
        logger.info("accepting OTLP on %s, sending to %s", taking, settings.gateway)
        while committer.alive and not stop.is_set():
            faults.look()
            committer.disk.look()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1.0)
        logger.info("stopping")
    finally:
        # New requests are refused from here on, so the committer ends with what it has and every door can answer.
        intake.close()
        await asyncio.gather(asyncio.to_thread(committer.stop), *(door.stop() for door in doors))
        await intake.finish(GRACE_SECONDS)
        await asyncio.to_thread(sender.stop)
        # Before what it shows is shut down.
        await asyncio.to_thread(exposition.stop)
    return 0 if committer.failure is None else 1


def _doors(settings: Settings, intake: Intake) -> list[GrpcServer | HttpServer]:
    size, grace, tls, most = settings.message_bytes, GRACE_SECONDS, settings.tls, settings.connections
    doors: list[GrpcServer | HttpServer] = [
        GrpcServer(intake, settings.endpoint, size, grace_seconds=grace, bounds=GrpcBounds(connections=most), tls=tls)
    ]
    if settings.http_endpoint:
        bounds = Bounds(connections=most)
        doors.append(HttpServer(intake, settings.http_endpoint, size, grace_seconds=grace, bounds=bounds, tls=tls))
    return doors


def _ports(settings: Settings) -> dict[str, Port]:
    ports = {
        "grpc": Port.of(settings.endpoint, settings.connections),
        "metrics": Port(settings.metrics_port, METRICS_CONNECTIONS),
    }
    if settings.http_endpoint:
        ports["http"] = Port.of(settings.http_endpoint, settings.connections)
    return ports
