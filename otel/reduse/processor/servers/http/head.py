"""What the head of a request must say, before its body is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

PATH = "/v1/metrics"
PROTOBUF = "application/x-protobuf"
JSON = "application/json"
IDENTITY = ("", "identity")
GZIP = ("gzip", "x-gzip")

Headers = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Objection:
    """Why the head alone is enough to refuse; `headers` tell what would be taken."""

    status: HTTPStatus
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


def object_to(method: str, path: str, headers: Headers, limit: int) -> Objection | None:
    """None for what is taken. `limit`: bytes of a body."""
    if path != PATH:
        return Objection(HTTPStatus.NOT_FOUND, f"only metrics are accepted, with POST {PATH}")
    if method != "POST":
        return Objection(HTTPStatus.METHOD_NOT_ALLOWED, f"only POST {PATH}", ((b"allow", b"POST"),))
    if (kind := content_type(headers)) != PROTOBUF:
        what = "JSON is not accepted" if kind == JSON else f"content type {kind!r} is not accepted"
        cure = f"send {PROTOBUF} (OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, in a collector encoding: proto)"
        return Objection(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"{what}: {cure}", ((b"accept", PROTOBUF.encode()),))
    if (encoding := content_encoding(headers)) not in (*IDENTITY, *GZIP):
        message = f"content encoding {encoding!r} is not accepted: send gzip or none"
        return Objection(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message, ((b"accept-encoding", b"gzip"),))
    if int(headers.get(b"content-length", b"0")) > limit:
        return Objection(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {limit} bytes")
    return None


def content_type(headers: Headers) -> str:
    return headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()


def content_encoding(headers: Headers) -> str:
    return headers.get(b"content-encoding", b"").decode("latin-1").strip().lower()
