"""Private parts of the SDK: what a provider has collected, its reader, and what it reads from the environment."""

from collections.abc import Callable, Iterator
from threading import Event, Lock
from typing import Any
from uuid import uuid4

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, Resource

from reduse.distro.base.internals.missing import otherwise, say_once


def _storages(provider: MeterProvider) -> Any:
    """What each reader of a provider has collected, by the reader."""
    consumer: Any = provider._measurement_consumer  # noqa: SLF001
    return consumer._reader_storages  # noqa: SLF001


@otherwise("forked workers may report what their parent has counted again")
def forget_parents_sums(provider: MeterProvider) -> None:
    """Have the SDK's instruments start from nothing, in a forked child.

    The SDK gives a child an instance id of its own and leaves it the parent's sums, which would then be counted twice;
    and a lock that the parent's reader held at the fork stays locked in the child for ever. The instruments themselves
    stay: applications hold them.
    """
    from opentelemetry.sdk.metrics._internal.metric_reader_storage import MetricReaderStorage

    consumer: Any = provider._measurement_consumer  # noqa: SLF001
    consumer._lock = Lock()  # noqa: SLF001
    consumer._reader_storages = {  # noqa: SLF001
        reader: MetricReaderStorage(consumer._sdk_config, *_preferences(reader))  # noqa: SLF001
        for reader in _storages(provider)
    }


@otherwise("forked workers have the instance id of their parent")
def renew_instance(provider: MeterProvider, parents: object) -> object:
    """Give the resource of a provider in a forked child an instance id of its own, where the SDK has not; the id."""
    configuration: Any = provider._sdk_config  # noqa: SLF001
    found = configuration.resource.attributes.get(SERVICE_INSTANCE_ID)
    if found != parents:
        return found
    renewed = str(uuid4())
    configuration.resource = configuration.resource.merge(Resource({SERVICE_INSTANCE_ID: renewed}))
    return renewed


def _preferences(reader: Any) -> Iterator[Any]:
    yield reader._instrument_class_temporality  # noqa: SLF001
    yield reader._instrument_class_aggregation  # noqa: SLF001
    # From 1.45.2 on.
    limits = getattr(reader, "_instrument_class_cardinality_limit", None)
    if limits is not None:
        yield limits


@otherwise("an attribute with endless values fills the memory of the service")
def hold_streams_in(provider: MeterProvider, make: Callable[[], dict[Any, list[Any]]]) -> None:
    """Have the streams of a provider's instruments, by instrument, kept in what `make` makes, one for each reader."""
    for storage in _storages(provider).values():
        # Read first: where there is nothing in the place of which it would be put, nobody reads it.
        if storage._instrument_view_instrument_matches:  # noqa: SLF001
            raise ValueError("bounded after something was measured")
        storage._instrument_view_instrument_matches = make()  # noqa: SLF001


def has_bound_of_its_own(stream: object) -> bool:
    """Whether the SDK bounds the series of a stream itself, as it does from 1.45.2 on."""
    return hasattr(stream, "_cardinality_limit")


@otherwise("an attribute with endless values fills the memory of the service")
def hold_series_in(stream: Any, series: dict[Any, Any]) -> None:
    """Have the aggregations of a stream, by their attributes, kept in `series`."""
    if stream._attributes_aggregation:  # noqa: SLF001
        raise ValueError("bounded after something was measured")
    stream._attributes_aggregation = series  # noqa: SLF001


@otherwise("the series of all sets of attributes beyond the bound has those of one of them")
def rename_series(aggregation: Any, attributes: dict[str, Any]) -> None:
    """Give an aggregation, which has collected nothing yet, these attributes."""
    # Set, and not only added: a class with slots refuses it.
    _ = aggregation._attributes  # noqa: SLF001
    aggregation._attributes = attributes  # noqa: SLF001


class ForkSafeReader(PeriodicExportingMetricReader):
    """The SDK's reader, which in a forked child does not wait for a lock that the parent's thread held.

    What is collected is exported before anything is collected again: a flush beside the interval's own export would
    else send newer values under an older time. `collected` is called after each collection, `ending` before the last.
    """

    def __init__(
        self, exporter: MetricExporter, collected: Callable[[], None], ending: Callable[[], None] = lambda: None
    ) -> None:
        self._collecting = Lock()
        self._collected = collected
        self._ending = ending
        if not hasattr(PeriodicExportingMetricReader, "_at_fork_reinit"):
            say_once("forked workers may stay without exports")
        super().__init__(exporter)

    def collect(self, timeout_millis: float = 10_000) -> None:  # type: ignore[misc]
        """Collect and export."""
        with self._collecting:
            super().collect(timeout_millis)
            self._collected()

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Collect and export a last time."""
        self._ending()
        super().shutdown(timeout_millis, **kwargs)

    def _at_fork_reinit(self) -> None:
        self._collecting = Lock()
        self._export_lock = Lock()
        self._shutdown_event = Event()
        super()._at_fork_reinit()  # type: ignore[no-untyped-call]


@otherwise("OTEL_TRACES_EXPORTER and OTEL_LOGS_EXPORTER are not followed")
def other_exporters() -> tuple[list[Any], list[Any]]:
    """The classes of the exporters that OTEL_TRACES_EXPORTER and OTEL_LOGS_EXPORTER name.

    Raises:
        RuntimeError: one of them is not installed.
    """
    from opentelemetry.sdk._configuration import _get_exporter_names, _import_exporters

    span_exporters, _, log_exporters = _import_exporters(_get_exporter_names("traces"), [], _get_exporter_names("logs"))
    return list(span_exporters.values()), list(log_exporters.values())


@otherwise("OTEL_TRACES_SAMPLER and OTEL_PYTHON_ID_GENERATOR are followed as far as the SDK itself follows them")
def tracing_arguments() -> dict[str, Any]:
    """The sampler and the generator of ids that the standard variables name, which a plug-in may have brought."""
    from opentelemetry.sdk._configuration import _get_id_generator, _get_sampler, _import_id_generator, _import_sampler

    return {"sampler": _import_sampler(_get_sampler()), "id_generator": _import_id_generator(_get_id_generator())}
