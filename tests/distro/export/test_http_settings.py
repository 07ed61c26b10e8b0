"""Where exports go, and what is wrong with a setting is said by its name."""

from pathlib import Path

import pytest

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.export.http_settings import HttpSettings

COMMON, OWN = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"


def settings(**variables: str) -> HttpSettings:
    return HttpSettings.from_environment(variables)


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({}, "http://localhost:4318/v1/metrics"),
        ({COMMON: ""}, "http://localhost:4318/v1/metrics"),
        ({COMMON: "http://agent:4318"}, "http://agent:4318/v1/metrics"),
        ({COMMON: " http://agent:4318/ "}, "http://agent:4318/v1/metrics"),
        ({COMMON: "https://collector.example.org/team/otlp"}, "https://collector.example.org/team/otlp/v1/metrics"),
        ({COMMON: "http://agent:4318", OWN: "http://other:4319/in"}, "http://other:4319/in"),
        ({OWN: "http://other:4319"}, "http://other:4319/"),
        ({COMMON: "http://[::1]:4318"}, "http://[::1]:4318/v1/metrics"),
        ({COMMON: "http://name:secret@agent:4318"}, "http://agent:4318/v1/metrics"),
        ({OWN: "http://agent:4318/in?key=secret"}, "http://agent:4318/in"),
    ],
)
def test_the_address_is_that_of_the_specification_and_shows_no_secret(variables: dict[str, str], url: str) -> None:
    assert settings(**variables).url == url


def test_host_port_and_path_are_told_apart() -> None:
    found = settings(**{OWN: "https://[::1]/in?key=1"})
    assert (found.host, found.port, found.authority, found.target) == ("::1", 443, "[::1]", "/in?key=1")


@pytest.mark.parametrize(
    "value",
    [
        "agent:4318",
        "agent",
        "//agent:4318",
        "ftp://agent",
        "http://",
        "http://agent:port",
        "http://agent:0",
        "http://[",
        "http://a b",
    ],
)
@pytest.mark.parametrize("name", [COMMON, OWN])
def test_what_is_no_address_is_named_with_an_example(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}=.*e.g. http://localhost:4318") as found:
        settings(**{name: value})
    assert "\n" not in str(found.value)


def test_who_logs_in_by_the_address_is_a_header_but_where_there_is_one() -> None:
    address = "http://na%40me:sec%3Aret@agent:4318"
    assert settings(**{COMMON: address}).headers["authorization"] == "Basic bmFAbWU6c2VjOnJldA=="
    given = settings(**{COMMON: address, "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20x"})
    assert given.headers["authorization"] == "Bearer x"


def test_headers_of_metrics_alone_count_and_ours_stay() -> None:
    found = settings(
        OTEL_EXPORTER_OTLP_HEADERS="a=1", OTEL_EXPORTER_OTLP_METRICS_HEADERS="X-Tenant=one, content-type=text/plain"
    )
    assert found.headers["x-tenant"] == "one"
    assert "a" not in found.headers
    assert found.headers["content-type"] == "application/x-protobuf"


def test_a_header_with_a_line_break_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant'"):
        settings(OTEL_EXPORTER_OTLP_HEADERS="x-tenant=one%0d%0aother:%20two")


@pytest.mark.parametrize("name", ["CERTIFICATE", "CLIENT_CERTIFICATE"])
def test_a_certificate_that_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    missing = str(tmp_path / "none.crt")
    with pytest.raises(ConfigurationError, match=missing):
        settings(**{COMMON: "https://agent:4318", f"OTEL_EXPORTER_OTLP_{name}": missing})


def test_a_key_without_its_certificate_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="without OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"):
        settings(**{COMMON: "https://agent:4318", "OTEL_EXPORTER_OTLP_CLIENT_KEY": "/some/key"})


def test_certificates_of_an_address_in_plain_text_are_left_alone() -> None:
    assert settings(**{COMMON: "http://agent:4318", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/none"}).tls is None
