"""What stands on the page: the SDK's metrics and ours, once each, exact, and no users."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.base.semantic_conventions import DURATION_BOUNDS
from reduse.distro.export.pull.address import PORT
from reduse.distro.lifecycle.scraped_provider import scraped_provider
from reduse.distro.lifecycle.telemetry import Telemetry
from reduse.distro.sources.messaging.messages import Messages
from tests.distro.doubles import SERIES, Clock, Request, http_of, settings
from tests.distro.export.pull.scrape import Samples, labelled, named, scrape
from tests.ports import free_port

DURATION = "http_server_request_duration_seconds"


class Scraped:
    """A process in pull mode, as far as it is counted in."""

    def __init__(self) -> None:
        self.port = free_port()
        self.telemetry = Telemetry(settings(scraped=True), Clock())
        resource = Resource({"service.name": "test", "service.instance.id": "one"})
        self.provider: MeterProvider = scraped_provider(self.telemetry, {PORT: str(self.port)}, resource, tracing=False)

    def request(self, seconds: float = 0.003) -> None:
        http_of(self.telemetry).aggregation.end(Request(), SERIES, seconds, "somebody")

    def samples(self) -> Samples:
        return scrape(self.port)


@pytest.fixture
def scraped() -> Iterator[Scraped]:
    scraped = Scraped()
    yield scraped
    scraped.provider.shutdown()


def test_nothing_listens_before_the_process_works(scraped: Scraped) -> None:
    with pytest.raises(OSError, match="refused"):
        scraped.samples()
    scraped.telemetry.activate()
    assert scraped.samples()


def test_red_is_exact_with_the_bounds_of_the_convention(scraped: Scraped) -> None:
    http_of(scraped.telemetry).open()
    for seconds in (0.003, 0.02, 0.02, 20.0):
        scraped.request(seconds)
    samples = scraped.samples()
    assert named(samples, f"{DURATION}_count") == [4]
    assert named(samples, f"{DURATION}_sum") == [pytest.approx(20.043)]
    buckets = {
        float(dict(labels)["le"]): value for (name, labels), value in samples.items() if name == f"{DURATION}_bucket"
    }
    assert sorted(buckets) == [*DURATION_BOUNDS, float("inf")]
    assert (buckets[0.005], buckets[0.01], buckets[0.025], buckets[10.0], buckets[float("inf")]) == (1, 1, 3, 3, 4)
    assert named(samples, "http_server_active_requests") == [0]


def test_messages_are_on_the_page_of_a_process_that_serves_no_requests(scraped: Scraped) -> None:
    for error in (None, None, "Unroutable"):
        scraped.telemetry.source(Messages).aggregation.sent(("orders", None, "broker", 5672), error, 0.002)
    samples = scraped.samples()
    assert sorted(named(samples, "messaging_client_sent_messages_total")) == [1, 2]
    assert sum(named(samples, "messaging_client_operation_duration_seconds_count")) == 3
    assert named(samples, f"{DURATION}_count") == []


def test_target_info_tells_service_and_instance(scraped: Scraped) -> None:
    scraped.telemetry.activate()
    assert labelled(scraped.samples(), "target_info") == [{"service_name": "test", "service_instance_id": "one"}]


def test_no_user_is_kept_or_shown(scraped: Scraped) -> None:
    http_of(scraped.telemetry).open()
    identify = scraped.telemetry.users.identification.user
    assert identify({"type": "http", "headers": [(b"x-user", b"ann")]}, 200, "/plain") is None
    for _ in range(3):
        scraped.request()
        samples = scraped.samples()
    assert len(scraped.telemetry.backlog) == 0
    assert not [name for name, labels in samples if "user" in name or "user" in dict(labels)]


def test_what_was_configured_for_users_is_said_not_to_be_used_once(
    scraped: Scraped, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        http_of(scraped.telemetry).open()
    assert capsys.readouterr().err.count("requests are not counted by user") == 1
    quiet = Telemetry(settings(scraped=True, user_hash_key=None), Clock())
    http_of(quiet).open()
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_concurrent_scrapes_have_every_series_once(scraped: Scraped) -> None:
    http_of(scraped.telemetry).open()
    scraped.request()
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda _: scraped.samples(), range(40)))
    assert [named(page, f"{DURATION}_count") for page in pages] == [[1.0]] * 40
    assert named(scraped.samples(), "reduse_distro_scrapes_total") == [41]


def test_a_flush_leaves_nothing_for_the_next_scrape(scraped: Scraped) -> None:
    http_of(scraped.telemetry).open()
    scraped.request()
    scraped.provider.force_flush()
    scraped.telemetry.flush()
    assert named(scraped.samples(), f"{DURATION}_count") == [1]


def test_shutdown_gives_the_port_back() -> None:
    first = Scraped()
    first.telemetry.activate()
    first.provider.shutdown()
    with pytest.raises(OSError, match="refused"):
        first.samples()


def test_two_instrumentations_of_one_metric_keep_their_own_labels(scraped: Scraped) -> None:
    scraped.telemetry.activate()
    name = "db.client.operation.duration"
    for meter, attributes in (("one", {"error.type": "Refused"}), ("two", {"db.namespace": "shop"})):
        scraped.provider.get_meter(meter).create_histogram(name, unit="s").record(0.002, attributes)
    counts = labelled(scraped.samples(), "db_client_operation_duration_seconds_count")
    assert sorted(counts, key=lambda labels: labels["error_type"]) == [
        {"error_type": "", "db_namespace": "shop"},
        {"error_type": "Refused", "db_namespace": ""},
    ]


def test_a_missing_package_is_named_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ConfigurationError, match=r"prometheus_client.*reduse\[prometheus\]"):
        Scraped()
