"""`python -m reduse.processor.kafka`: no arguments, settings from the environment."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from confluent_kafka import KafkaException

from reduse.processor.allocation import keep_freed_memory
from reduse.processor.core.format_check import NewerFormatError
from reduse.processor.kafka.host import run
from reduse.processor.kafka.outlet import OutletError
from reduse.processor.kafka.settings import load
from reduse.processor.kafka.topics import TopicError
from reduse.processor.kafka.worker import WorkerError
from reduse.processor.logs import configure
from reduse.processor.plugins import installed
from reduse.processor.settings import SettingsError

BAD_SETTING = 2


def main() -> None:
    """Whatever ends it but a signal ends it with a status that is not 0: its supervisor starts it again."""
    if sys.argv[1:]:
        _leave(f"{sys.argv[1]} is not a valid argument: settings are environment variables, see docs/settings.md")
    try:
        kafka, own = load(os.environ)
        configure(own.log_level)
        keep_freed_memory()
        kinds = installed()
    except SettingsError as error:
        _leave(str(error))
    try:
        run(kafka, own, kinds)
    except (WorkerError, OutletError, TopicError, KafkaException, TimeoutError) as error:
        told = error.args[0].str() if isinstance(error, KafkaException) else str(error)
        _leave(f"stops and must be started again: {told}", status=1)
    except NewerFormatError as error:
        _leave(f"{error}: run workers of that release; nothing was changed", status=1)
    except OSError as error:
        _leave(f"{error}: change REDUSE_PROCESSOR_METRICS_PORT to a usable port")


def _leave(message: str, status: int = BAD_SETTING) -> NoReturn:
    sys.stderr.write(f"reduse-processor on Kafka: {message}\n")
    sys.exit(status)


if __name__ == "__main__":
    main()
