"""Ask Prometheus: instant queries over its HTTP API."""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import httpx

from reduse.errors import StackError
from reduse.operation.access import prometheus_access
from reduse.settings.stack import Settings

TIMEOUT_SECONDS = 10


class QueryError(StackError):
    """Prometheus did not answer, or refused the query."""


@dataclass(frozen=True)
class Sample:
    """One element of an instant vector."""

    labels: Mapping[str, str]
    time: float
    value: float


@dataclass(frozen=True)
class Course:
    """One element of a range vector: values at some of the times asked for, Unix seconds."""

    labels: Mapping[str, str]
    times: Sequence[float]
    values: Sequence[float]


class PrometheusClient:
    """A small client; `url` is where Prometheus listens, e.g. `http://127.0.0.1:9090`; `auth` user and password."""

    def __init__(self, url: str, auth: tuple[str, str] | None = None, *, verify: ssl.SSLContext | bool = True) -> None:
        self._url = url
        self._client = httpx.Client(base_url=url, auth=auth, verify=verify, timeout=TIMEOUT_SECONDS)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Of the running stack."""
        access = prometheus_access(settings)
        return cls(access.url, access.auth, verify=access.verify)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.close()

    def query(self, promql: str, at: float | None = None) -> list[Sample]:
        """The instant vector (or scalar, as one sample) of `promql` at Unix time `at`, now by default."""
        form = {"query": promql} if at is None else {"query": promql, "time": f"{at:.3f}"}
        data = self._ask("/api/v1/query", form)
        result = data["result"]
        if data["resultType"] == "scalar":
            return [Sample({}, float(result[0]), float(result[1]))]
        return [Sample(item["metric"], float(item["value"][0]), float(item["value"][1])) for item in result]

    def courses(self, promql: str, begin: float, end: float, step: float) -> list[Course]:
        """The range vector of `promql` from `begin` to `end` (Unix seconds), a value each `step` seconds."""
        form = {"query": promql, "start": f"{begin:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}"}
        return [
            Course(item["metric"], *zip(*((float(t), float(value)) for t, value in item["values"]), strict=True))
            for item in self._ask("/api/v1/query_range", form)["result"]
        ]

    def get(self, path: str) -> Any:
        """The data at a path of the API that takes no query."""
        return self._data(self._client.build_request("GET", path), path)

    def _ask(self, path: str, form: Mapping[str, str]) -> Any:
        return self._data(self._client.build_request("POST", path, data=dict(form)), form["query"])

    def _data(self, request: httpx.Request, asked: str) -> Any:
        try:
            response = self._client.send(request)
        except httpx.HTTPError as error:
            raise QueryError(f"Prometheus at {self._url} does not answer ({error}): is the stack up?") from None
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise QueryError(f"Prometheus at {self._url} refuses our user and password: see REDUSE_STATE_DIR.")
        try:
            answer = response.json()
            if answer["status"] == "success":
                return answer["data"]
            refusal = answer["error"]
        except (ValueError, TypeError, KeyError):
            raise QueryError(
                f"what answers at {self._url} is not Prometheus (status {response.status_code}): "
                "set REDUSE_PROMETHEUS_PORT to its port."
            ) from None
        raise QueryError(f"Prometheus refused `{asked}`: {refusal}")

    def scalar(self, promql: str, at: float | None = None) -> float | None:
        """The value of a query that gives at most one sample; None when it gives none."""
        samples = self.query(promql, at)
        return samples[0].value if samples else None
