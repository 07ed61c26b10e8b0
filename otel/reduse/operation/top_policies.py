"""The policies of a service, live: requests and users under each, what is throttled, what its limits would reject."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.markup import escape
from rich.table import Table

from reduse.limit import parse_limit
from reduse.store.client import StoreClient

NO_POLICY = "no policy"


@dataclass(frozen=True)
class PolicyLoad:
    """`rate` and `throttled` in requests a second; `users` of the last hour, `policy` empty for what is under none.

    `rejected`: the share of the requests that each limit would have rejected, as limits are written, the lowest first.
    """

    policy: str
    rate: float | None
    users: int | None
    throttled: float
    rejected: Mapping[str, float]


def policies(client: StoreClient, service: str, window: str) -> list[PolicyLoad]:
    """Those under which requests were counted, by name, over the `window` (a duration of Prometheus); then what is
    under none, where it is throttled."""
    own = f'service="{service}"'

    def by_policy(promql: str) -> dict[str, float]:
        return {sample.labels.get("policy", ""): sample.value for sample in client.query(promql)}

    rates = by_policy(f"sum by (policy) (rate(reduse_policy_requests_total{{{own}}}[{window}]))")
    throttled = by_policy(f"sum by (policy) (rate(reduse_throttled_requests_total{{{own}}}[{window}]))")
    users = by_policy(f'sum by (policy) (reduse_policy_users{{{own},window="1h"}})')
    rejected: dict[str, dict[str, float]] = {}
    for sample in client.query(
        f'sum by (policy, limit) (rate(reduse_rate_limit_rejected_total{{{own},policy!=""}}[{window}]))'
    ):
        rejected.setdefault(sample.labels["policy"], {})[sample.labels["limit"]] = sample.value
    found = [
        PolicyLoad(
            policy,
            rate,
            round(users[policy]) if policy in users else None,
            throttled.get(policy, 0.0),
            {limit: value / rate if rate else 0.0 for limit, value in _by_limit(rejected.get(policy, {}))},
        )
        for policy, rate in sorted(rates.items())
    ]
    if throttled.get(""):
        found.append(PolicyLoad("", None, None, throttled[""], {}))
    return found


def table(found: Sequence[PolicyLoad], service: str, window: str) -> Table:
    table = Table(title=f"Policies of {escape(service)}, last {window}")
    table.add_column("policy")
    for column in ("requests/s", "users of the hour", "throttled/s", "its limits would reject"):
        table.add_column(column, justify="right")
    for load in found:
        table.add_row(
            load.policy or NO_POLICY,
            "" if load.rate is None else f"{load.rate:.1f}",
            "" if load.users is None else f"{load.users:,}",
            f"{load.throttled:.1f}",
            ", ".join(f"{limit}: {share:.1%}" for limit, share in load.rejected.items()),
        )
    return table


def _by_limit(rejected: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(rejected.items(), key=lambda entry: parse_limit(entry[0]).per_second)
