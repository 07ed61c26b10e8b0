"""The process: its own metrics, the topics, the worker, until SIGTERM."""

from __future__ import annotations

import gc
import logging
import signal
import socket
import threading
from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from reduse.processor.compilation import compile_ahead
from reduse.processor.core.plugin import Processor
from reduse.processor.exposition import Exposition, meter_provider
from reduse.processor.faults import Faults
from reduse.processor.history.history import History
from reduse.processor.history.instruments import HistoryInstruments
from reduse.processor.instruments import Instruments
from reduse.processor.kafka import topics
from reduse.processor.kafka.instruments import KafkaInstruments
from reduse.processor.kafka.settings import KafkaSettings, WorkerSettings, connection
from reduse.processor.kafka.stage import both
from reduse.processor.kafka.worker import Worker

logger = logging.getLogger(__name__)


def run(kafka: KafkaSettings, own: WorkerSettings, kinds: Sequence[type[Processor]]) -> None:
    """Work until SIGTERM or SIGINT. Raises WorkerError, OutletError, TopicError, KafkaException; OSError for a port."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    registry = CollectorRegistry()
    exposition = Exposition(own.metrics_host, own.metrics_port, registry)
    exposition.start()
    clients, faults = connection(kafka, own), Faults(logger)
    history: History | None = None
    if own.history_dir is not None and own.history_limits is not None:
        history = History(own.history_dir, own.history_limits, faults)
    try:
        # Before it joins the group: who is silent for so long would be taken for dead.
        compile_ahead(joined=True)
        with meter_provider(f"{socket.gethostname()}:{own.metrics_port}", registry) as provider:
            # Before the brokers answer: that it has no partition is to be seen meanwhile.
            instruments, kafka_instruments = Instruments(provider), KafkaInstruments(provider)
            if history is not None:
                HistoryInstruments(provider, history.status)
            kafka_instruments.topic_partitions = topics.ensure(kafka, clients, faults, stop)
            if stop.is_set():
                return
            worker = Worker(
                kafka,
                clients,
                both(kafka, own, kinds),
                instruments,
                kafka_instruments,
                faults,
                stop,
                history,
            )
            # The library tells the group that the process is there, also while the loop stands.
            exposition.ready = lambda: (
                worker.joined and not stop.is_set() and kafka_instruments.turns(kafka.session_timeout_seconds)
            )
            gc.freeze()
            logger.info("reading %s of %s, writing %s", kafka.exports_topic, kafka.brokers, kafka.metrics_topic)
            worker.run()
            logger.info("has left")
            # Before what it shows is shut down.
            exposition.stop()
    finally:
        if history is not None:
            history.stop()
        exposition.stop()
