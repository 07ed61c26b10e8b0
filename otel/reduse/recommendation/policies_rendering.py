"""Policies of a service, those that there are and those that are proposed: for people, and for scripts."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reduse.duration import text
from reduse.policies import written as listed
from reduse.recommendation.grouping import COST_FACTOR, RATE_FACTOR, Group, Split
from reduse.recommendation.observation import written
from reduse.recommendation.policy import Recommendation
from reduse.recommendation.rendering import as_dict, percent
from reduse.yaml_text import write_yaml

# To begin with: from a few requests to many, so that one of them is likely to be near.
TRIED_BY_MINUTE = (6, 12, 30, 60, 120, 300, 600, 1200)

FIRST_STEP = (
    "Which users send how much to which route is not known before the routes are counted apart. This is the first of "
    "two steps: take these policies for a day, in the service's environment and in the company's file, and ask "
    "again. Then this command names the lowest mild limit of each, and which of them could be one. The limits below "
    "are there to be tried."
)


@dataclass(frozen=True, slots=True)
class Policies:
    """What is known of a service over `window` seconds.

    `judged` are policies that are counted, by name: what was recommended, or why nothing can be. `alike` are names of
    those that could be one, `split` routes that should have a policy of their own. `proposed` is what follows; where no
    policy of the company's file is counted, these are policies to begin with.
    """

    service: str
    window: int
    judged: Mapping[str, Recommendation | str]
    alike: Sequence[Sequence[str]]
    split: Sequence[Split]
    proposed: Sequence[Group]

    @property
    def first(self) -> bool:
        """Whether nothing is known of users by route."""
        return not any(group.policy.name in self.judged for group in self.proposed)


def show(found: Policies, console: Console) -> None:
    """Print the policies that there are with their lowest mild limits, and those that follow."""
    if found.judged:
        console.print(_judged(found))
        for name, judged in found.judged.items():
            if isinstance(judged, str):
                console.print(f"· {name}: {judged}", highlight=False, markup=False)
    console.print(_proposed(found))
    for note in _notes(found):
        console.print(f"· {note}", highlight=False, markup=False)
    console.print("For the service's environment:", highlight=False)
    console.print(setting(found.proposed), highlight=False, markup=False, soft_wrap=True)
    console.print("For the company's file, below the service:", highlight=False)
    console.print(document(found.proposed), highlight=False, markup=False, soft_wrap=True)


def _notes(found: Policies) -> Iterator[str]:
    if found.first:
        yield FIRST_STEP
        if found.judged:
            yield (
                "The company's file has none of the policies that are counted, so their routes are not known: add them "
                "to the file, and this command compares them."
            )
        return
    for names in found.alike:
        yield (
            f"{' and '.join(names)} could be one policy: the lowest mild limits of their users are within a factor of "
            f"{RATE_FACTOR:g}, and what a request costs within a factor of {COST_FACTOR:g}. The sum of their "
            "limits and bursts affects nobody whom neither of them affects; for a lower limit, count them as one first."
        )
    for each in found.split:
        if each.others is None:
            yield f"{each.route} is under no policy, and has enough requests or server time for one of its own."
        else:
            yield (
                f"{each.route} should be split off from {each.policy}: a request takes {_duration(each.route.mean)}, "
                f"one of its other routes {_duration(each.others)} on average."
            )
    if not found.alike and not found.split:
        yield "The policies fit: none is like another one, and no route is unlike the others of its policy."


def setting(groups: Sequence[Group]) -> str:
    """The line for the environment of the service."""
    return f"REDUSE_USER_POLICIES={shlex.quote(listed(group.policy for group in groups))}"


def document(groups: Sequence[Group]) -> str:
    """`policies` as the company's file has them; without a limit that is known, some to be tried."""
    lines = ["policies:"]
    for group in groups:
        lines += [f"  - name: {group.policy.name}", "    routes:"]
        lines += [f"      - {_scalar(str(endpoint))}" for endpoint in group.policy.endpoints]
        lines += ["    limits:"]
        if group.limit is None:
            lines += [f"      - {{requests: {each}, per: minute}}" for each in TRIED_BY_MINUTE]
        else:
            requests, period = group.limit.limit
            lines += [f"      - {{requests: {requests:.12g}, per: {period.word}, burst: {group.limit.burst:.12g}}}"]
    return "\n".join(lines)


def as_data(found: Policies) -> dict[str, object]:
    """The same as data: `error` in the place of a recommendation says why there is none."""
    seconds = sum(group.seconds for group in found.proposed)
    return {
        "service": found.service,
        "window_seconds": found.window,
        "first_step": found.first,
        "policies": {
            name: {"error": judged} if isinstance(judged, str) else as_dict(judged)
            for name, judged in found.judged.items()
        },
        "alike": [list(names) for names in found.alike],
        "split": [
            {
                "policy": each.policy or None,
                "route": str(each.route),
                "mean_seconds": each.route.mean,
                "others_mean_seconds": each.others,
            }
            for each in found.split
        ],
        "proposed": [
            {
                "name": group.policy.name,
                "routes": list(map(str, group.policy.endpoints)),
                "limit": None if group.limit is None else str(group.limit.limit),
                "burst": None if group.limit is None else group.limit.burst,
                "requests_per_second": group.requests / found.window,
                "mean_seconds": group.mean,
                "server_time_share": group.seconds / seconds if seconds else 0.0,
            }
            for group in found.proposed
        ],
        "setting": setting(found.proposed),
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
    table = Table(title=f"Policies proposed for {escape(found.service)}, last {text(found.window)}")
    table.add_column("policy")
    table.add_column("route", overflow="fold")
    for column in ("requests a second", "mean time", "of server time", "limit"):
        table.add_column(column, justify="right")
    for group in found.proposed:
        for number, each in enumerate(group.routes):
            table.add_row(
                "" if number else group.policy.name,
                escape(str(each)),
                f"{each.requests / found.window:.3g}",
                _duration(each.mean),
                percent(each.seconds / seconds) if seconds else "",
                "" if number or group.limit is None else str(group.limit.limit),
                end_section=number + 1 == len(group.routes),
            )
    return table


def _duration(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def _scalar(value: str) -> str:
    """As YAML writes a text, in quotes where it needs them."""
    return write_yaml(value, width=10_000, allow_unicode=True).split("\n...", maxsplit=1)[0].strip()
