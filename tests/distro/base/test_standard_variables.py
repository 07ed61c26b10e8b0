"""A standard variable is followed exactly, or a line at the start says that it is not, and every number is there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.base.settings import DEFAULTS, Settings
from reduse.distro.base.standard_variables import notices
from reduse.distro.export.transport import exporter_factory
from tests.distro.service import SCRIPTS, Service, environment, instrumented
from tests.otlp_receiver import OtlpReceiver

TEMPORALITY = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
HISTOGRAMS = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION"


def test_with_the_defaults_and_a_name_there_is_nothing_to_say() -> None:
    assert notices(DEFAULTS, "billing") == []


@pytest.mark.parametrize(
    "followed",
    [
        {TEMPORALITY: "cumulative"},
        {TEMPORALITY: ""},
        {HISTOGRAMS: "explicit_bucket_histogram"},
        {"OTEL_METRICS_EXEMPLAR_FILTER": "always_off"},
        {"OTEL_METRICS_EXEMPLAR_FILTER": "trace_based"},
        {"OTEL_SDK_DISABLED": "false"},
        {"OTEL_RESOURCE_ATTRIBUTES": "service.version=1,deployment.environment.name=a%20b,,"},
        {"OTEL_METRIC_EXPORT_INTERVAL": "60000"},
        {"OTEL_SEMCONV_STABILITY_OPT_IN": "http/dup, database/dup"},
    ],
)
def test_what_is_followed_needs_no_line(followed: dict[str, str]) -> None:
    assert notices({**DEFAULTS, **followed}, "billing") == []


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        (TEMPORALITY, "delta", "cumulative"),
        (TEMPORALITY, "LowMemory", "cumulative"),
        (HISTOGRAMS, "base2_exponential_bucket_histogram", "explicit buckets"),
        ("OTEL_METRICS_EXEMPLAR_FILTER", "always_on", "trace_based"),
        ("OTEL_SDK_DISABLED", "yes", "only true"),
        ("OTEL_CONFIG_FILE", "/etc/otel.yaml", "variables only"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "120000", "gaps"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a=b,service.version", "'service.version' is ignored"),
        ("OTEL_RESOURCE_ATTRIBUTES", "=b", "'=b' is ignored"),
        ("OTEL_SEMCONV_STABILITY_OPT_IN", "http", "database clients"),
    ],
)
def test_what_is_not_followed_is_one_line_with_its_name_and_why(name: str, value: str, why: str) -> None:
    (line,) = notices({**DEFAULTS, name: value}, "billing")
    assert line.startswith(name)
    assert why in line
    assert "\n" not in line


def test_a_service_without_a_name_is_told() -> None:
    (line,) = notices(DEFAULTS, "unknown_service:python")
    assert line.startswith("OTEL_SERVICE_NAME is not set")


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_METRICS_EXPORTER": "otlp,console"},
        {"OTEL_EXPORTER_OTLP_COMPRESSION": "deflate", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_EXPORTER_OTLP_METRICS_COMPRESSION": "zstd"},
    ],
)
def test_what_cannot_be_followed_at_all_is_refused_by_name(variables: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(variables)).replace("METRICS_COMP", "COMP")):
        exporter_factory({"OTEL_METRICS_EXPORTER": "otlp", **variables})


@pytest.mark.parametrize("value", ["none", "", "gzip", "GZip"])
def test_each_compression_of_the_protocol_is_taken(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_COMPRESSION": value}
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", value)
    exporter = exporter_factory(variables)()
    exporter.shutdown()


def test_a_timeout_in_which_nothing_can_be_collected_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="OTEL_METRIC_EXPORT_TIMEOUT"):
        Settings.from_environment({"OTEL_METRIC_EXPORT_TIMEOUT": "0"})


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as started:
        yield started


OWN_INSTRUMENTS = """
import time
from opentelemetry import metrics
meter = metrics.get_meter("shop")
orders, sizes = meter.create_counter("orders"), meter.create_histogram("sizes")
for _ in range(5):
    orders.add(1)
    sizes.record(3)
    time.sleep(0.3)
"""


@pytest.mark.server
@pytest.mark.parametrize(
    ("name", "value"),
    [(TEMPORALITY, "delta"), (TEMPORALITY, "lowmemory"), (HISTOGRAMS, "base2_exponential_bucket_histogram")],
)
def test_an_applications_own_numbers_are_exact_all_the_same(
    name: str, value: str, receiver: OtlpReceiver, tmp_path: Path
) -> None:
    program = tmp_path / "shop.py"
    program.write_text(OWN_INSTRUMENTS)
    process = instrumented([str(SCRIPTS / "python"), str(program)], environment(receiver.endpoint, **{name: value}))
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert output.count(f"reduse: {name}={value} is not followed") == 1
    for metric in ("orders", "sizes"):
        points = receiver.named(metric)
        assert [point.value for point in points if point.time == point.start] == [0.0]
        assert (points[0].value, points[-1].value) == (0, 5)
        assert [point.value for point in points] == sorted(point.value for point in points)
    assert receiver.latest("sizes")[0].bounds
    assert receiver.total("process.cpu.time") > 0


@pytest.mark.server
def test_a_service_says_it_once_and_its_cpu_time_begins_at_0(receiver: OtlpReceiver) -> None:
    with Service(receiver.endpoint, **{TEMPORALITY: "delta"}) as service:
        service.get("/plain", 10)
        receiver.wait_for(lambda r: len(r.named("process.cpu.time")) > 4)
        output = service.terminate()
    assert output.count("reduse: ") == 1
    assert f"{TEMPORALITY}=delta is not followed" in output
    for series in {point.series for point in receiver.named("process.cpu.time")}:
        points = [point for point in receiver.named("process.cpu.time") if point.series == series]
        assert points[0].value == 0
        assert points[0].time == points[0].start
        # The interpreter had started before the distro did, and had worked.
        assert points[0].time < min(point.time for point in receiver.named("http.server.request.duration"))


@pytest.mark.server
def test_an_exporter_list_ends_the_process_with_a_line() -> None:
    process = instrumented(
        [str(SCRIPTS / "python"), "-c", "pass"], environment("http://127.0.0.1:1", OTEL_METRICS_EXPORTER="otlp,console")
    )
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "OTEL_METRICS_EXPORTER=otlp,console names several exporters" in output
