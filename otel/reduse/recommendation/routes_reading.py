"""Reads what was asked of each route of a service from a store."""

import json
from collections.abc import Collection

from reduse.duration import text
from reduse.recommendation.errors import RecommendationError
from reduse.recommendation.grouping import RouteUse
from reduse.store.client import StoreClient

DURATIONS = "http_server_request_duration_seconds"

# Of a method that has no name of its own (semantic conventions, `http.request.method`).
OTHER_METHOD = "_OTHER"


def routes_of(
    store: StoreClient, job: str, *, window: int, end: int, but: Collection[str] = frozenset()
) -> list[RouteUse]:
    """Each method and route with requests in the `window` seconds up to `end` (Unix s); `but`: routes left out.

    Raises:
        RecommendationError: there is none.
        QueryError: the store does not answer.
    """
    selector = f'{{job={json.dumps(job, ensure_ascii=False)},http_route!=""}}'
    found: dict[tuple[str, str], list[float]] = {}
    for place, (classic, native) in enumerate((("_count", "histogram_count"), ("_sum", "histogram_sum"))):
        query = (
            f"sum by (http_request_method, http_route) (increase({DURATIONS}{classic}{selector}[{window}s])"
            f" or {native}(increase({DURATIONS}{selector}[{window}s])))"
        )
        for sample in store.query(query, end):
            key = sample.labels.get("http_request_method", ""), sample.labels["http_route"]
            found.setdefault(key, [0.0, 0.0])[place] = sample.value
    routes = [
        RouteUse(method, route, requests, seconds)
        for (method, route), (requests, seconds) in sorted(found.items())
        if requests > 0 and method and method != OTHER_METHOD and route not in but
    ]
    if not routes:
        raise RecommendationError(
            f"no route of {job} had a request in the last {text(window)}: is its name right (./reduse check), "
            "and does it report `http_route`?"
        )
    return routes
