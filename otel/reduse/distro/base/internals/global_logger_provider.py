"""Our LoggerProvider stands in as the global one until the application sets its own: see `global_meter_provider`."""

from typing import Any

from reduse.distro.base.internals.place import LOGS


def offer_logger_provider(ours: Any) -> None:
    """Take the log records that come through the global API, until the application sets a provider of its own."""

    def lend(proxy: Any) -> Any:
        make = proxy.get_logger

        def get_logger(*args: Any, **kwargs: Any) -> Any:
            logger = make(*args, **kwargs)
            if hasattr(logger, "_noop_logger"):
                logger._noop_logger = ours.get_logger(*args, **kwargs)  # noqa: SLF001
            return logger

        proxy.get_logger = get_logger
        return proxy

    if not LOGS.stand_in(lend, on_set=lambda _theirs: None):
        from opentelemetry._logs import set_logger_provider

        set_logger_provider(ours)
