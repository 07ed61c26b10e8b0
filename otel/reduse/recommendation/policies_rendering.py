"""Policies of a service, those that there are and those that are proposed: for people, and for scripts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reduse.recommendation.duration import text
from reduse.recommendation.grouping import COST_FACTOR, Group
from reduse.recommendation.observation import written
from reduse.recommendation.policy import Recommendation
from reduse.recommendation.rendering import as_dict, percent

# To begin with: from a few requests to many, so that one of them is likely to be near.
TRIED_BY_MINUTE = (6, 12, 30, 60, 120, 300, 600, 1200)

NOT_KNOWN = (
    "Groups follow from how long requests take and how many there are. Which users ask for which routes is not known "
    "until the policies are on, so no limit is proposed: those below are only there to be tried. Then this command "
    "and `--policy NAME` name the lowest mild limit of each."
)


@dataclass(frozen=True, slots=True)
class Policies:
    """What is known of a service over `window` seconds.

    `judged` are policies that are counted, by name: what was recommended, or why nothing can be. `proposed` are groups
    of all routes that were asked for, as they would be without those policies.
    """

    service: str
    window: int
    judged: Mapping[str, Recommendation | str]
    proposed: Sequence[Group]


def show(found: Policies, console: Console) -> None:
    """Print the policies that there are with their lowest mild limits, and the groups that follow from RED."""
    if found.judged:
        console.print(_judged(found))
        for name, judged in found.judged.items():
            if isinstance(judged, str):
                console.print(f"· {name}: {judged}", highlight=False, markup=False)
    console.print(_proposed(found))
    if len(found.proposed) == 1:
        console.print(
            f"· All routes take about as long, within a factor of {COST_FACTOR:g}: policies would differ only in what "
            "people use them for, which you know.",
            highlight=False,
        )
    console.print(f"· {NOT_KNOWN}", highlight=False)
    console.print("For the company's file, below the service:", highlight=False)
    console.print(document(found.proposed), highlight=False, markup=False, soft_wrap=True)


def document(groups: Sequence[Group]) -> str:
    """`policies` as the company's file has them."""
    lines = ["policies:"]
    for group in groups:
        lines += [f"  - name: {group.policy.name}", "    routes:"]
        lines += [f"      - {_scalar(str(endpoint))}" for endpoint in group.policy.endpoints]
        lines += ["    limits:", *(f"      - {{requests: {each}, per: minute}}" for each in TRIED_BY_MINUTE)]
    return "\n".join(lines)


def as_data(found: Policies) -> dict[str, object]:
    """The same as data: `error` in the place of a recommendation says why there is none."""
    seconds = sum(group.seconds for group in found.proposed)
    return {
        "service": found.service,
        "window_seconds": found.window,
        "policies": {
            name: {"error": judged} if isinstance(judged, str) else as_dict(judged)
            for name, judged in found.judged.items()
        },
        "proposed": [
            {
                "name": group.policy.name,
                "routes": list(map(str, group.policy.endpoints)),
                "requests_per_second": group.requests / found.window,
                "mean_seconds": group.seconds / group.requests,
                "server_time_share": group.seconds / seconds if seconds else 0.0,
            }
            for group in found.proposed
        ],
    }


def _judged(found: Policies) -> Table:
    table = Table(title=f"Policies of {escape(found.service)}, last {text(found.window)}")
    for column in ("policy", "requests", "users", "lowest mild limit", "at once", "rejected", "users touched"):
        table.add_column(column, justify="left" if column == "policy" else "right")
    for name, judged in found.judged.items():
        if isinstance(judged, str):
            table.add_row(name, *["–"] * 6)
            continue
        seen, chosen = judged.observation, judged.chosen
        figures = (
            ["none of those tried", "–", "–", "–"]
            if chosen is None
            else [
                written(chosen.tried),
                f"{seen.bucket(chosen):g}",
                percent(seen.rejected_share(chosen)),
                f"{chosen.touched:,} ({percent(seen.touched_share(chosen))})",
            ]
        )
        table.add_row(name, f"{seen.requests:,}", f"{seen.active:,}", *figures)
    return table


def _proposed(found: Policies) -> Table:
    seconds = sum(group.seconds for group in found.proposed)
    table = Table(
        title=f"Groups of routes of {escape(found.service)} by what a request costs, last {text(found.window)}"
    )
    table.add_column("policy")
    table.add_column("route", overflow="fold")
    for column in ("requests a second", "mean time", "of server time"):
        table.add_column(column, justify="right")
    for group in found.proposed:
        for number, each in enumerate(group.routes):
            table.add_row(
                "" if number else group.policy.name,
                escape(f"{each.method} {each.route}"),
                f"{each.requests / found.window:.3g}",
                _duration(each.mean),
                percent(each.seconds / seconds) if seconds else "",
                end_section=number + 1 == len(group.routes),
            )
    return table


def _duration(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def _scalar(value: str) -> str:
    """As YAML writes a text, in quotes where it needs them."""
    return str(yaml.safe_dump(value, width=10_000, allow_unicode=True)).split("\n...", maxsplit=1)[0].strip()
