"""What a service's log says while the agent is away: each thing once, then once a minute, and not at every attempt."""

import logging

REPEAT_SECONDS = 60.0

LOGGERS = (
    "opentelemetry.exporter.otlp.proto.grpc.exporter",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "reduse.distro.export.http_exporter",
    "reduse.distro.base.clock",
)

_SIGNALS = frozenset({"metrics", "traces", "logs"})


class OncePerMinute(logging.Filter):
    """Lets a message of a logger through when it was not let through in the last minute.

    Messages are told apart by their text before the arguments, of which a program has a fixed number, and by the
    signal that was not sent; the other arguments differ each time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: dict[tuple[object, ...], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is shown."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        key = (record.msg, *(argument for argument in arguments if isinstance(argument, str) and argument in _SIGNALS))
        shown = self._shown.get(key)
        if shown is not None and 0 <= record.created - shown < REPEAT_SECONDS:
            return False
        self._shown[key] = record.created
        return True


def quieten_exporters() -> None:
    """Put the filter on the loggers of the OTLP exporters, and on that of a clock that is set again and again."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(OncePerMinute())
