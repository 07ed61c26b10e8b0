"""All policies of a service at once: what is recommended for each, and which groups of routes follow."""

from collections.abc import Callable, Collection, Sequence

from reduse.limit import PolicyLimit
from reduse.policies import Policy as RoutePolicy
from reduse.recommendation.errors import RecommendationError
from reduse.recommendation.grouping import by_route, regrouped
from reduse.recommendation.policies_rendering import Policies
from reduse.recommendation.policy import Recommendation
from reduse.recommendation.reading import HistoryReader
from reduse.recommendation.routes_reading import routes_of
from reduse.store.client import StoreClient

Judge = Callable[[str], Recommendation]
"""What is recommended for the policy of this name. May raise RecommendationError."""


def survey(
    store: StoreClient,
    service: str,
    judge: Judge,
    listed: Sequence[RoutePolicy],
    *,
    window: int,
    end: int,
    but: Collection[str] = frozenset(),
) -> Policies:
    """What is known in the `window` seconds up to `end` (Unix s).

    Args:
        store: has the metrics of the service, and of the processor.
        service: as the labels `job` and `service` have it.
        judge: see there.
        listed: the policies of the service, as the company's file has them.
        window: in seconds.
        end: Unix seconds.
        but: routes that are asked by machines.

    Raises:
        RecommendationError: no route of the service had a request.
        QueryError: the store does not answer.
    """
    routes = routes_of(store, service, window=window, end=end, but=but)
    judged: dict[str, Recommendation | str] = {}
    for name in HistoryReader(store).policies(service, window=window, end=end):
        try:
            judged[name] = judge(name)
        except RecommendationError as error:
            judged[name] = str(error)
    counted = [policy for policy in listed if policy.name in judged]
    if not counted:
        return Policies(service, window, judged, (), (), by_route(routes))
    found = regrouped(listed, {name: _limit(each) for name, each in judged.items()}, routes)
    return Policies(service, window, judged, found.alike, found.split, found.groups)


def _limit(judged: Recommendation | str) -> PolicyLimit | None:
    if isinstance(judged, str) or judged.chosen is None or not isinstance(judged.chosen.tried, PolicyLimit):
        return None
    return judged.chosen.tried
