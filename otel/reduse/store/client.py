"""Ask a store over Prometheus' HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/)."""

from collections.abc import Mapping
from typing import Any, Self

import httpx

from reduse import web_client
from reduse.errors import SettingError, StackError
from reduse.redaction import without_secrets
from reduse.store.access import Access
from reduse.store.answer import Course, Sample

TIMEOUT_SECONDS = 10.0
FORBIDDEN = frozenset({httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN})


class QueryError(StackError):
    """The store did not answer, or refused the query."""


class QueryRefusedError(QueryError):
    """The store answered that it does not take the query."""


class StoreClient:
    """Closed by the end of its `with` block. All that it asks raises QueryError."""

    def __init__(self, access: Access | str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        """`access` may be the address alone; `timeout` in seconds, of each question.

        Raises:
            SettingError: the address is none, or the environment names a proxy or certificates that cannot be used.
        """
        self._access = access = Access(access) if isinstance(access, str) else access
        self._proxy = web_client.proxy_for(access.url)
        try:
            self._client = web_client.client(access.url, headers=access.headers, verify=access.verify, timeout=timeout)
        except (httpx.InvalidURL, ValueError):
            raise SettingError(
                f"{access.address_setting}={without_secrets(access.url)}: is not a URL like http://store.example.org:9090."
            ) from None

    @property
    def url(self) -> str:
        return self._access.url

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

    def scalar(self, promql: str, at: float | None = None) -> float | None:
        """The value of a query that gives at most one sample; None when it gives none."""
        samples = self.query(promql, at)
        return samples[0].value if samples else None

    def courses(self, promql: str, begin: float, end: float, step: float) -> list[Course]:
        """The range vector of `promql` from `begin` to `end` (Unix seconds), a value each `step` seconds."""
        # VictoriaMetrics would move the times to whole steps, to find them in its cache again; others do not know it.
        form = {
            "query": promql,
            "start": f"{begin:.3f}",
            "end": f"{end:.3f}",
            "step": f"{step:.3f}",
            "nocache": "1",
        }
        return [
            Course(item["metric"], *zip(*((float(t), float(value)) for t, value in item["values"]), strict=True))
            for item in self._ask("/api/v1/query_range", form)["result"]
        ]

    def leaves_out_nan(self) -> bool:
        """Whether a series whose value is NaN is in no answer, as with VictoriaMetrics: 0/0 is no value then."""
        return self.scalar("vector(0) / 0") is None

    def label_values(self, label: str, selector: str, begin: float, end: float) -> list[str]:
        """The values that a label has in the series of `selector` between two Unix times."""
        parameters = {"match[]": selector, "start": f"{begin:.3f}", "end": f"{end:.3f}"}
        request = self._client.build_request("GET", f"/api/v1/label/{label}/values", params=parameters)
        return [str(value) for value in self._data(request, selector)]

    def get(self, path: str) -> Any:
        """The data at a path of the API that takes no query."""
        return self._data(self._client.build_request("GET", path), path)

    @property
    def _way(self) -> str:
        """By which proxy it was asked, and how it is asked without: what is said may be the proxy's."""
        return f" through the proxy of {self._proxy}, which NO_PROXY can leave out," if self._proxy else ""

    def _ask(self, path: str, form: Mapping[str, str]) -> Any:
        return self._data(self._client.build_request("POST", path, data=dict(form)), form["query"])

    def _data(self, request: httpx.Request, asked: str) -> Any:
        setting = self._access.address_setting
        try:
            response = self._client.send(request)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            # A host that is no name in the DNS is told by a UnicodeError.
            raise QueryError(
                f"the store at {self.url} does not answer{self._way} ({error}): is the stack up? "
                f"{setting} says where it is."
            ) from None
        if response.status_code in FORBIDDEN:
            raise QueryError(
                f"the store at {self.url} refuses what it is shown{self._way}: see {self._access.secret_setting}."
            )
        try:
            answer = response.json()
            if answer["status"] == "success":
                return answer["data"]
            refusal = answer["error"]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise QueryError(
                f"what answers at {self.url}{self._way} is no Prometheus API (status {response.status_code}): "
                f"set {setting} to the store's address, with the path before /api/v1."
            ) from None
        raise QueryRefusedError(f"the store at {self.url} refused `{asked}`: {refusal}")
