"""Pull mode put together: the reader, its provider, the page and its life."""

from collections.abc import Callable, Mapping

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.export.points import SCOPE
from reduse.distro.export.pull.address import address_of
from reduse.distro.export.pull.one_worker import refuse_several_workers
from reduse.distro.lifecycle.provider import provider_of
from reduse.distro.lifecycle.telemetry import Telemetry


def scraped_provider(
    telemetry: Telemetry, environment: Mapping[str, str], resource: Resource, *, tracing: bool
) -> MeterProvider:
    """A provider whose metrics, and ours, are on a page that this process serves from its first work on.

    Raises:
        ConfigurationError: the package is not installed, or the page's address is none.
    """
    try:
        from prometheus_client import CollectorRegistry

        from reduse.distro.export.pull.page import Page
        from reduse.distro.export.pull.reader import OneScrapeAtATime, ScrapedReader
    except ImportError as error:
        raise ConfigurationError(
            f"OTEL_METRICS_EXPORTER=prometheus needs {error.name}, which is not installed: "
            "install reduse[prometheus], or push with otlp"
        ) from error
    refuse_several_workers()
    registry = CollectorRegistry()
    page = Page(address_of(environment), registry)
    reader = ScrapedReader(telemetry, at_shutdown=page.close)
    scrapes = OneScrapeAtATime(reader)
    registry.register(scrapes)
    provider = provider_of(telemetry, reader, resource, tracing=tracing)
    _observe_scrapes(provider, lambda: scrapes.count)
    telemetry.on_serving(page.open_or_end)
    telemetry.on_activation(page.open_or_say)
    telemetry.on_fork(scrapes.reset)
    telemetry.on_fork(page.after_fork)
    return provider


def _observe_scrapes(provider: MeterProvider, scrapes: Callable[[], int]) -> None:
    """Report how often the page was read.

    It has a value at any time, and something must: the SDK gives its reader nothing when it has no data.
    """

    def count(_options: CallbackOptions) -> list[Observation]:
        return [Observation(scrapes())]

    provider.get_meter(SCOPE.name, SCOPE.version).create_observable_counter(
        "reduse.distro.scrapes",
        callbacks=[count],
        unit="{scrape}",
        description="Times that the page with the metrics was read.",
    )
