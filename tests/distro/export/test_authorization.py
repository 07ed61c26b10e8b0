"""The token goes out in a header, by TLS only, and whoever starts the service is told what is wrong with it."""

from pathlib import Path

import pytest

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.export.authorization import authorization_headers

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://agent:4318"}


def with_token(folder: Path, content: bytes = b"secret\n", **others: str) -> dict[str, str]:
    file = folder / "token"
    file.write_bytes(content)
    return {"REDUSE_TOKEN_FILE": str(file), **ENDPOINT, **others}


def test_without_a_token_there_is_no_header() -> None:
    assert authorization_headers({"OTEL_EXPORTER_OTLP_HEADERS": "a=b"}) == {}


@pytest.mark.parametrize("content", [b"secret", b"secret\n", b"secret since May\nolder\n"])
def test_the_first_word_is_the_token(tmp_path: Path, content: bytes) -> None:
    assert authorization_headers(with_token(tmp_path, content)) == {"authorization": "Bearer secret"}


def test_other_headers_are_sent_too(tmp_path: Path) -> None:
    found = authorization_headers(with_token(tmp_path, OTEL_EXPORTER_OTLP_HEADERS="x-tenant=one,x-zone=two"))
    assert found == {"x-tenant": "one", "x-zone": "two", "authorization": "Bearer secret"}


def test_the_endpoint_of_metrics_counts(tmp_path: Path) -> None:
    environment = with_token(tmp_path, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT="http://agent:4318")
    with pytest.raises(ConfigurationError, match=r"plain text.*https"):
        authorization_headers(environment)


@pytest.mark.parametrize("endpoint", ["http://agent:4318", "agent:4318", ""])
def test_a_token_never_goes_out_in_plain_text(tmp_path: Path, endpoint: str) -> None:
    environment = with_token(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    with pytest.raises(ConfigurationError, match=r"REDUSE_TOKEN_FILE.*https"):
        authorization_headers(environment)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe", b"\x01\x02"])
def test_what_is_no_token_is_named_and_not_shown(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ConfigurationError, match=f"REDUSE_TOKEN_FILE={tmp_path}.*contains no token"):
        authorization_headers(with_token(tmp_path, content))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    environment = {"REDUSE_TOKEN_FILE": str(tmp_path / "none"), **ENDPOINT}
    with pytest.raises(ConfigurationError, match="none cannot be read"):
        authorization_headers(environment)


def test_two_authorizations_are_refused(tmp_path: Path) -> None:
    environment = with_token(tmp_path, OTEL_EXPORTER_OTLP_HEADERS="Authorization=Basic%20abc")
    with pytest.raises(ConfigurationError, match="unset one") as found:
        authorization_headers(environment)
    assert "secret" not in str(found.value)
