"""Metrics over OTLP/HTTP, as protobuf.

Source: OTLP specification, "OTLP/HTTP": which answers are asked again, "Retry-After", "Partial Success".
"""

import logging
import ssl
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException, IncompleteRead, RemoteDisconnected, responses
from random import Random
from threading import Event
from time import monotonic, time
from typing import Any, NamedTuple

from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData

from reduse.distro.export.compression import compressed
from reduse.distro.export.http_connection import Answer, HttpConnection
from reduse.distro.export.http_settings import HttpSettings
from reduse.distro.export.metrics_encoding import MetricsEncoder
from reduse.distro.export.partial_success import partial_success

_RETRIED = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
_CREDENTIALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_GRPC_PORT = 4317

# A second, then twice as long each time, and a fifth more or less so that services do not come back all at once.
_FIRST_PAUSE = 1.0
_JITTER = 0.2
# An agent may ask for this much patience, seconds, and for no more.
_LONGEST_RETRY_AFTER = 60.0
_LEAST_TIMEOUT = 0.05
_SHOWN_CHARACTERS = 200
_NO_HEADERS: Mapping[str, str] = {}

_logger = logging.getLogger(__name__)
# Not the generator of `random`: an application that has seeded it counts on every number.
_random = Random()  # noqa: S311 - no secret


class _Outcome(NamedTuple):
    """`problem` None: it has arrived. `again`: the same may succeed later, after `pause` seconds where it was said."""

    problem: str | None
    again: bool = False
    pause: float | None = None


class OtlpHttpExporter(MetricExporter):
    """Sends until the answer is a success, for the time of one export; what does not arrive then is the caller's.

    One export at a time.
    """

    def __init__(self, settings: HttpSettings) -> None:
        super().__init__()
        self._settings = settings
        self._connection = HttpConnection(settings)
        self._headers = {} if settings.compression == "none" else {"content-encoding": settings.compression}
        self._encoder = MetricsEncoder()
        self._ended = Event()
        self._not_before = 0.0

    def export(
        self,
        metrics_data: MetricsData,
        timeout_millis: float = 10_000,  # noqa: ARG002 - the SDK's signature
        **_kwargs: Any,
    ) -> MetricExportResult:
        """Send the SDK's metrics."""
        return self.export_encoded(self._encoder.encode(metrics_data))

    def export_encoded(self, payload: bytes, headers: Mapping[str, str] = _NO_HEADERS) -> MetricExportResult:
        """Send an encoded `ExportMetricsServiceRequest`, the same bytes at each attempt, with these headers."""
        body = compressed(payload, self._settings.compression)
        deadline = monotonic() + self._settings.timeout
        pause = _FIRST_PAUSE
        while not self._ended.is_set():
            now = monotonic()
            if self._not_before > now:
                outcome = _Outcome("it asked for a pause", again=True)
            else:
                outcome = self._attempt(body, headers, max(_LEAST_TIMEOUT, deadline - now))
            if outcome.problem is None:
                return MetricExportResult.SUCCESS
            if outcome.pause is not None:
                self._not_before = monotonic() + outcome.pause
            wait = max(self._not_before - monotonic(), pause * _random.uniform(1 - _JITTER, 1 + _JITTER))
            if not outcome.again or monotonic() + wait >= deadline:
                _logger.error("Failed to export metrics to %s: %s", self._settings.url, outcome.problem)
                return MetricExportResult.FAILURE
            self._ended.wait(wait)
            pause *= 2
        return MetricExportResult.FAILURE

    def _attempt(self, body: bytes, headers: Mapping[str, str], timeout: float) -> _Outcome:
        try:
            answer = self._connection.post({**self._headers, **headers}, body, timeout)
        except ssl.SSLCertVerificationError as error:
            return _Outcome(f"its certificate is not accepted ({error.verify_message})")
        except (RemoteDisconnected, IncompleteRead):
            hint = self._cure() if self._settings.port == _GRPC_PORT else ""
            return _Outcome(f"it closed the connection without a response{hint}", again=True)
        except HTTPException:
            return _Outcome(f"what listens there does not speak HTTP{self._cure()}")
        except OSError as error:
            return _Outcome(f"{type(error).__name__}: {error}", again=True)
        return self._outcome(answer)

    def _cure(self) -> str:
        if self._settings.port != _GRPC_PORT:
            return ": is it the port of OTLP over gRPC?"
        return (
            ", and 4317 is the port of OTLP over gRPC: use port 4318, or OTEL_EXPORTER_OTLP_PROTOCOL=grpc "
            "with pip install 'reduse[grpc]'"
        )

    def _outcome(self, answer: Answer) -> _Outcome:
        status = answer.status
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            self._say_what_was_rejected(answer)
            return _Outcome(None)
        if status < HTTPStatus.BAD_REQUEST:
            return _Outcome(
                f"it responded with {status}, and redirects are not followed: set the address of the agent itself"
            )
        if status in _RETRIED:
            return _Outcome(f"it responded with {status}", again=True, pause=retry_after(answer, time()))
        if status in _CREDENTIALS:
            return _Outcome(
                f"it responded with {status} {_shown(answer)}".rstrip()
                + ": correct the token of REDUSE_TOKEN_FILE, or OTEL_EXPORTER_OTLP_HEADERS"
            )
        return _Outcome(f"it responded with {status} {_shown(answer)}".rstrip())

    def _say_what_was_rejected(self, answer: Answer) -> None:
        rejected, reason = partial_success(answer.body)
        if rejected:
            _logger.error(
                "%s accepted an export but refused %d of its points: %s", self._settings.url, rejected, reason
            )
        elif reason:
            _logger.warning("%s accepted an export with a warning: %s", self._settings.url, reason)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Nothing is held here."""
        return True

    def shutdown(self, timeout_millis: float = 30_000, **_kwargs: Any) -> None:  # noqa: ARG002 - the SDK's signature
        """End; an export that waits for its next attempt gives up."""
        self._ended.set()
        self._connection.close()


def retry_after(answer: Answer, now: float) -> float | None:
    """For how many seconds the answer asks to wait, within a bound; `now` in seconds of Unix time."""
    text = answer.headers.get("retry-after")
    if text is None:
        return None
    try:
        seconds = float(text) if text.strip().isdecimal() else parsedate_to_datetime(text).timestamp() - now
    except ValueError:
        return None
    return min(max(0.0, seconds), _LONGEST_RETRY_AFTER)


def _shown(answer: Answer) -> str:
    """The beginning of a text that says what is wrong; the status' own name where there is none."""
    if answer.body and answer.headers.get("content-type", "text/plain").startswith("text/plain"):
        return " ".join(answer.body.decode("utf-8", "replace").split())[:_SHOWN_CHARACTERS]
    return responses.get(answer.status, "")
