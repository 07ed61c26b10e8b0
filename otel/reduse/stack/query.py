"""Ask Prometheus: instant queries over its HTTP API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import httpx

from reduse.stack.errors import StackError

TIMEOUT_SECONDS = 10


class QueryError(StackError):
    """Prometheus did not answer, or refused the query."""


@dataclass(frozen=True)
class Sample:
    """One element of an instant vector."""

    labels: Mapping[str, str]
    time: float
    value: float


class PrometheusClient:
    """A small client; `url` is where Prometheus listens, e.g. `http://127.0.0.1:9090`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.close()

    def query(self, promql: str, at: float | None = None) -> list[Sample]:
        """The instant vector (or scalar, as one sample) of `promql` at Unix time `at`, now by default."""
        form = {"query": promql} if at is None else {"query": promql, "time": f"{at:.3f}"}
        try:
            response = self._client.post("/api/v1/query", data=form)
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise QueryError(f"Prometheus at {self._url} does not answer ({error}): is the stack up?") from None
        if answer.get("status") != "success":
            raise QueryError(f"Prometheus refused `{promql}`: {answer.get('error', response.text)}")
        result = answer["data"]["result"]
        if answer["data"]["resultType"] == "scalar":
            return [Sample({}, float(result[0]), float(result[1]))]
        return [Sample(item["metric"], float(item["value"][0]), float(item["value"][1])) for item in result]

    def scalar(self, promql: str, at: float | None = None) -> float | None:
        """The value of a query that gives at most one sample; None when it gives none."""
        samples = self.query(promql, at)
        return samples[0].value if samples else None
