"""A client of the processor's OTLP/HTTP, one connection that is used again."""

from __future__ import annotations

import gzip
import http.client
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass

from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from tests.waiting import PATIENCE_SECONDS

PATH = "/v1/metrics"
PROTOBUF = "application/x-protobuf"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def response(self) -> ExportMetricsServiceResponse:
        assert self.status == 200, self.message
        return ExportMetricsServiceResponse.FromString(self.body)

    @property
    def message(self) -> str:
        """Why it was not taken."""
        if self.headers.get("content-type") == PROTOBUF:
            return str(Status.FromString(self.body).message)
        return str(json.loads(self.body)["message"]) if self.body else ""


class HttpClient:
    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        """`context`: by TLS, with what it shows and trusts."""
        self._connection = (
            http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
            if context is None
            else http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS, context=context)
        )

    def send(self, request: ExportMetricsServiceRequest, *, compress: bool = True) -> Answer:
        body = request.SerializeToString()
        return self.post(gzip.compress(body), encoding="gzip") if compress else self.post(body)

    def post(
        self, body: bytes, *, encoding: str = "", kind: str = PROTOBUF, path: str = PATH, method: str = "POST"
    ) -> Answer:
        """Raises OSError and http.client.HTTPException when there is no answer."""
        headers = {"content-type": kind} | ({"content-encoding": encoding} if encoding else {})
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        except BaseException:
            self._connection.close()
            raise

    def send_until_taken(self, request: ExportMetricsServiceRequest) -> None:
        while True:
            try:
                answer = self.send(request)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            if answer.status == 200:
                return
            assert answer.status == 503, answer.message
            time.sleep(0.05)

    def close(self) -> None:
        self._connection.close()
