"""The users of a service, live: who sends how much, how many requests they keep busy, which limit would touch them."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from reduse.errors import StackError
from reduse.operation.top_policies import policies
from reduse.operation.top_policies import table as policies_table
from reduse.store.client import StoreClient
from reduse.watch.company import Company

REFRESH_SECONDS = 1.0
# Hexadecimal digits.
PSEUDONYM_LENGTH = 16
# Windows of one second jump; ten of them are still live.
WINDOW_SECONDS = 10
WINDOW = f"{WINDOW_SECONDS}s"
LOOKED_BACK_SECONDS = 900
COUNTED = 'reduse_user_requests_total{identity="user"}'
CLASSES = ("other", "anonymous")


@dataclass(frozen=True)
class UserLoad:
    """One user, or one of the classes `other` and `anonymous`.

    `rate` in requests a second, `share` of the service's rate, `concurrency` in requests at once,
    `limit`: the largest limit of the ladder that the user's busiest second of the last ten passed.
    """

    user: str
    rate: float
    share: float
    concurrency: float
    peak: float
    limit: float | None

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def only_service(client: StoreClient, company: Company, now: float) -> str:
    """The one whose users are counted: of those in the company's file, else of all that report at Unix time `now`.

    Raises:
        StackError: there are none or several.
    """
    told = [service.job for service in company.services if service.users]
    counted = told or sorted(client.label_values("service", COUNTED, now - LOOKED_BACK_SECONDS, now))
    if not counted:
        raise StackError("no service sends per-user data: check REDUSE_USER_RESOLVERS, and `./reduse check`.")
    if len(counted) > 1:
        raise StackError(f"several services send per-user data: choose one of {', '.join(counted)} with --service.")
    return counted[0]


def users(client: StoreClient, service: str) -> list[UserLoad]:
    """The users in the top K, the busiest first, then `other` and `anonymous`."""
    selector = f'{{service="{service}"}}'
    of_all = f'{{service="{service}",policy=""}}'
    # Only who is in the top K now: one who left has a stale series.
    present = f"reduse_user_rate_per_second{selector}"
    average = _by_user(client, f"sum by (user) (avg_over_time({present}[{WINDOW}])) and sum by (user) ({present})")
    peak = _by_user(client, f"max by (user) (max_over_time({present}[{WINDOW}]))")
    busy = _by_user(client, f"sum by (user) (avg_over_time(reduse_user_concurrency{selector}[{WINDOW}]))")
    ladder = sorted(
        float(sample.labels["limit"]) for sample in client.query(f"count by (limit) (reduse_rate_limit_users{of_all})")
    )
    total = sum(average.values())
    found = [
        UserLoad(
            user=user,
            rate=rate,
            share=rate / total if total else 0.0,
            concurrency=busy.get(user, 0.0),
            peak=peak.get(user, 0.0),
            limit=None if user in CLASSES else largest_passed(ladder, peak.get(user, 0.0)),
        )
        for user, rate in average.items()
    ]
    return sorted(found, key=lambda load: (load.user in CLASSES, -load.rate, load.user))


def largest_passed(ladder: Sequence[float], peak: float) -> float | None:
    """The largest limit of the ladder that `peak` is above: this one and all smaller ones would touch the user."""
    passed = [limit for limit in ladder if peak > limit]
    return max(passed) if passed else None


def table(loads: Sequence[UserLoad], service: str) -> Table:
    table = Table(title=f"Users of {service}, last {WINDOW}")
    # Whole on any terminal: it is compared with what `hash-user` prints.
    table.add_column("user", no_wrap=True, min_width=PSEUDONYM_LENGTH)
    for column in ("requests/s", "share", "busiest second", "concurrency", "touched by limits up to"):
        table.add_column(column, justify="right")
    for load in loads:
        limit = "" if load.limit is None else f"{load.limit:g}/s"
        table.add_row(
            *[
                load.user,
                f"{load.rate:.1f}",
                f"{load.share:.1%}",
                f"{load.peak:.0f}",
                f"{load.concurrency:.3f}",
                limit,
            ]
        )
    return table


def _by_user(client: StoreClient, promql: str) -> dict[str, float]:
    return {sample.labels["user"]: sample.value for sample in client.query(promql)}


def _tables(client: StoreClient, service: str) -> Group:
    """Of users, and of policies where there are any."""
    by_policy = policies(client, service, WINDOW)
    below = [policies_table(by_policy, service, WINDOW)] if by_policy else []
    return Group(table(users(client, service), service), *below)


def show(client: StoreClient, service: str, console: Console, *, once: bool) -> None:
    """Print the tables, again every second on a terminal until Ctrl-C."""
    if once or not console.is_terminal:
        console.print(_tables(client, service))
        return
    with Live(console=console, auto_refresh=False, screen=True) as live:
        try:
            while True:
                live.update(_tables(client, service), refresh=True)
                time.sleep(REFRESH_SECONDS)
        except KeyboardInterrupt:
            return
