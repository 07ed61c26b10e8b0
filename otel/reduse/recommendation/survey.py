"""All policies of a service at once: what is recommended for each, and which groups of routes RED proposes."""

from collections.abc import Collection

from reduse.recommendation.errors import RecommendationError
from reduse.recommendation.grouping import groups_of
from reduse.recommendation.policies_rendering import Policies
from reduse.recommendation.policy import Policy, Recommendation
from reduse.recommendation.reading import HistoryReader
from reduse.recommendation.routes_reading import routes_of
from reduse.store.client import StoreClient


def survey(
    store: StoreClient, service: str, wanted: Policy, *, window: int, end: int, but: Collection[str] = frozenset()
) -> Policies:
    """What is known in the `window` seconds up to `end` (Unix s); `but`: routes that are asked by machines.

    Raises:
        RecommendationError: no route of the service had a request.
        QueryError: the store does not answer.
    """
    reader = HistoryReader(store)
    proposed = groups_of(routes_of(store, service, window=window, end=end, but=but))
    judged: dict[str, Recommendation | str] = {}
    for name in reader.policies(service, window=window, end=end):
        try:
            judged[name] = Recommendation.made(reader.observe(service, window=window, end=end, policy=name), wanted)
        except RecommendationError as error:
            judged[name] = str(error)
    return Policies(service, window, judged, proposed)
