from http import HTTPStatus

import pytest

from reduse.processor.servers.http.head import PATH, PROTOBUF, object_to

LIMIT = 1000


def headers(**given: str) -> dict[bytes, bytes]:
    named = {"content_type": PROTOBUF} | given
    return {name.replace("_", "-").encode(): value.encode() for name, value in named.items()}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"content_type": "application/x-protobuf; charset=utf-8"},
        {"content_type": "Application/X-Protobuf"},
        {"content_encoding": "gzip"},
        {"content_encoding": "GZIP"},
        {"content_encoding": "identity"},
        {"content_length": "1000"},
    ],
)
def test_what_senders_send_is_taken(given: dict[str, str]) -> None:
    assert object_to("POST", PATH, headers(**given), LIMIT) is None


@pytest.mark.parametrize(
    ("method", "path", "given", "status"),
    [
        ("POST", "/", {}, HTTPStatus.NOT_FOUND),
        ("POST", "/v1/traces", {}, HTTPStatus.NOT_FOUND),
        ("POST", "/v1/metrics/", {}, HTTPStatus.NOT_FOUND),
        ("GET", PATH, {}, HTTPStatus.METHOD_NOT_ALLOWED),
        ("PUT", PATH, {}, HTTPStatus.METHOD_NOT_ALLOWED),
        ("POST", PATH, {"content_type": "application/json"}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        ("POST", PATH, {"content_type": ""}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        ("POST", PATH, {"content_encoding": "zstd"}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        ("POST", PATH, {"content_encoding": "gzip, gzip"}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        ("POST", PATH, {"content_length": "1001"}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    ],
)
def test_anything_else_has_the_status_that_says_what_is_wrong(
    method: str, path: str, given: dict[str, str], status: HTTPStatus
) -> None:
    objection = object_to(method, path, headers(**given), LIMIT)
    assert objection is not None
    assert objection.status is status


def test_what_would_be_taken_is_said() -> None:
    method = object_to("GET", PATH, {}, LIMIT)
    json = object_to("POST", PATH, headers(content_type="application/json"), LIMIT)
    encoding = object_to("POST", PATH, headers(content_encoding="br"), LIMIT)

    assert method is not None
    assert method.headers == ((b"allow", b"POST"),)
    assert json is not None
    assert json.message.startswith("JSON is not accepted: send application/x-protobuf")
    assert encoding is not None
    assert encoding.headers == ((b"accept-encoding", b"gzip"),)
