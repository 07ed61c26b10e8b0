"""Our providers stand in as OpenTelemetry's global ones until the application sets its own, and never in its way.

The API lets a global provider be set once. Were ours set, an application that makes a provider in code would be
refused, with a warning, and its own export would get nothing. So nothing is set: the API's proxies, which everybody
gets as long as nothing is, are lent our instruments. When the application sets a provider they turn to that, also those
that libraries had made before. What we measure goes to our providers by themselves and needs no global one.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from threading import RLock
from typing import Any
from weakref import WeakSet

from opentelemetry.metrics import Asynchronous, CallbackOptions, Observation, set_meter_provider
from opentelemetry.sdk.metrics import MeterProvider

from reduse.distro.base.internals.place import LOGS, METRICS

_CREATED = (
    "create_counter",
    "create_gauge",
    "create_histogram",
    "create_observable_counter",
    "create_observable_gauge",
    "create_observable_up_down_counter",
    "create_up_down_counter",
)


def offer_meter_provider(ours: MeterProvider) -> None:
    """Measure what is measured through the global API, until the application sets a provider of its own."""

    def lend(proxy: Any) -> Any:
        # The API's own object stays in its place: FastAPI and others know by its class that nobody has set a provider.
        proxy.get_meter = _Lender(proxy, ours).get_meter
        # Applications ask the SDK's provider for these.
        proxy.force_flush, proxy.shutdown = ours.force_flush, ours.shutdown
        return proxy

    if not METRICS.stand_in(lend, on_set=lambda _theirs: None):
        set_meter_provider(ours)


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


class _Lender:
    """Gives the API's proxy meters, whose instruments measure into ours as long as there are no others."""

    def __init__(self, proxy: Any, ours: MeterProvider) -> None:
        self._proxy = proxy
        self._make = proxy.get_meter
        self._ours = ours
        self._lock = RLock()
        self._meters: dict[tuple[object, ...], Any] = {}

    def get_meter(
        self, name: str, version: str | None = None, schema_url: str | None = None, attributes: Any = None
    ) -> Any:
        """A meter of the provider that the application has set, else one that will become that."""
        if METRICS.provider is not None:
            return METRICS.provider.get_meter(name, version, schema_url, attributes)
        key = (name, version, schema_url, repr(attributes))
        with self._lock:
            meter = self._meters.get(key)
            if meter is None:
                meter = self._make(name, version, schema_url, attributes)
                self._lend(meter, _LentMeter(self._ours.get_meter(name, version, schema_url, attributes)))
                self._meters[key] = meter
            return meter

    def _lend(self, meter: Any, lent: "_LentMeter") -> None:
        meter._instruments = _Instruments()  # noqa: SLF001
        for name in _CREATED:
            setattr(meter, name, self._creating(meter, getattr(meter, name), lent))

    def _creating(self, meter: Any, create: Callable[..., Any], lent: "_LentMeter") -> Callable[..., Any]:
        def create_lent(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                instrument = create(*args, **kwargs)
                # What a provider of the application's made is no proxy.
                turn_to = getattr(instrument, "on_meter_set", None)
                if turn_to is not None:
                    turn_to(lent)
                    # The application has set its own meanwhile.
                    if (theirs := getattr(meter, "_real_meter", None)) is not None:
                        turn_to(theirs)
                return instrument

        return create_lent


class _Instruments:
    """The proxies of a meter, to be told of another one. An application may make some for each of its requests."""

    def __init__(self) -> None:
        self._held: list[Any] = []
        self._known: WeakSet[Any] = WeakSet()

    def append(self, instrument: Any) -> None:
        """Keep an instrument that observes, as nobody else may do so; know of any other as long as it is there."""
        if isinstance(instrument, Asynchronous):
            self._held.append(instrument)
        else:
            self._known.add(instrument)

    def __iter__(self) -> Iterator[Any]:
        return iter([*self._held, *self._known])


class _LentMeter:
    """One of our meters, of which instruments observe only until the application has set a provider of its own."""

    def __init__(self, meter: Any) -> None:
        self._meter = meter

    def __getattr__(self, name: str) -> Any:
        create = getattr(self._meter, name)
        if not name.startswith("create_observable_"):
            return create

        def create_lent(name: str, callbacks: Sequence[Any] | None = None, *args: Any, **kwargs: Any) -> Any:
            return create(name, [_observing(each) for each in callbacks or ()], *args, **kwargs)

        return create_lent


def _observing(callback: Any) -> Callable[[CallbackOptions], Iterable[Observation]]:
    started = False

    def observe(options: CallbackOptions) -> Iterable[Observation]:
        nonlocal started
        if METRICS.provider is not None:
            return ()
        if not isinstance(callback, Generator):
            observed: Iterable[Observation] = callback(options)
            return observed
        # As the SDK does, but at the first collection: the application's provider begins with it as well.
        if not started:
            started = True
            next(callback)
        sent: Iterable[Observation] = callback.send(options)
        return sent

    return observe
