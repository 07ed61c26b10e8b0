"""A recommendation for people, and for scripts."""

from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reduse.duration import text
from reduse.limit import PolicyLimit
from reduse.recommendation.observation import (
    RESOLUTION,
    USERS_WINDOW_SECONDS,
    LimitEffect,
    Observation,
    written,
)
from reduse.recommendation.policy import Recommendation

# A window whose samples leave out more than this at one end is said to be covered in part.
GAP_SECONDS = 60


def show(recommendation: Recommendation, console: Console) -> None:
    """Print the table, the recommendation and what to know of it."""
    console.print(table(recommendation))
    console.print(verdict(recommendation), style="bold" if recommendation.chosen else "yellow", highlight=False)
    for note in notes(recommendation):
        console.print(f"· {note}", highlight=False)


def table(recommendation: Recommendation) -> Table:
    """What each limit would have done, the recommended one marked."""
    seen = recommendation.observation
    under = f" under the policy {escape(seen.policy)}" if seen.policy else ""
    table = Table(title=f"Rate limits for each user of {escape(seen.service)}{under}, {_period(seen)}")
    for column in ("limit", "burst", "rejected", "of requests", "users touched", "of active", "peak left"):
        table.add_column(column, justify="right")
    for effect in seen.ladder:
        chosen = effect == recommendation.chosen
        table.add_row(
            f"{'→ ' if chosen else ''}{written(effect.tried)}",
            f"{seen.bucket(effect):g}",
            f"{effect.rejected:,}",
            percent(seen.rejected_share(effect)),
            f"{effect.touched:,}",
            percent(seen.touched_share(effect)),
            f"{effect.peak:,}/s",
            style="bold green" if chosen else "",
        )
    table.add_section()
    table.add_row("no limit", "", "0", percent(0), "0", percent(0), f"{seen.peak:,}/s", style="dim")
    return table


def verdict(recommendation: Recommendation) -> str:
    """The recommendation in a sentence, or why there is none and what to do."""
    seen, chosen = recommendation.observation, recommendation.chosen
    if chosen is None:
        highest = seen.ladder[-1]
        which = "that was tried" if seen.replayed else "of the ladder"
        return (
            f"No limit {which} will do: wanted is {recommendation.policy}, and even {written(highest.tried)} "
            f"{_effect(seen, highest)}. Try higher limits ({_setting(seen)}), or ask for less."
        )
    return (
        f"Recommended: {_requests(chosen)} for each user, {seen.bucket(chosen):g} at once. It "
        f"{_effect(seen, chosen)}, and leaves {chosen.peak:,} requests in the busiest second. Policy: "
        f"{recommendation.policy}."
    )


def notes(recommendation: Recommendation) -> list[str]:
    """What to know before the figures are used, a sentence each."""
    seen = recommendation.observation
    found = [
        f"{seen.requests:,} requests of identified users{_in_all(seen)}; {seen.active:,} active users.",
        _users_note(seen),
        f"Peaks are of windows of {RESOLUTION} s, {_counted(seen)}.",
    ]
    if seen.first > seen.start + GAP_SECONDS or seen.last < seen.end - GAP_SECONDS:
        found.append(f"There are samples only from {clock(seen.first)} to {clock(seen.last)}.")
    if seen.incomplete:
        limits = ", ".join(map(written, seen.incomplete))
        found.append(f"Left out, as they were not tried all the time: limits of {limits}.")
    found += [f"Not recorded: {clock(begin)} to {clock(end)} ({why})." for begin, end, why in seen.gaps]
    if recommendation.chosen == seen.ladder[0]:
        found.append(f"It is the lowest that was tried; a lower one may do too ({_setting(seen)}).")
    return found


def as_dict(recommendation: Recommendation) -> dict[str, object]:
    """Shares are from 0 to 1, times Unix seconds, lengths seconds; `recommended` is null when no limit will do."""
    seen, policy, chosen = recommendation.observation, recommendation.policy, recommendation.chosen
    return {
        "service": seen.service,
        "under_policy": seen.policy or None,
        "start": seen.start,
        "end": seen.end,
        "first_sample": seen.first,
        "last_sample": seen.last,
        "resolution_seconds": RESOLUTION,
        "users_window_seconds": seen.window if seen.replayed else USERS_WINDOW_SECONDS,
        "burst_seconds": seen.burst,
        "requests_identified": seen.requests,
        "requests": seen.all_requests,
        "active_users": seen.active,
        "peak_per_second": seen.peak,
        "policy": {"touched_percent": policy.touched, "rejected_percent": policy.rejected},
        "recommended": None if chosen is None else _effect_dict(seen, chosen),
        "ladder": [_effect_dict(seen, effect) for effect in seen.ladder],
        "incomplete_limits": list(map(written, seen.incomplete)) if seen.policy else list(seen.incomplete),
    }


def percent(share: float) -> str:
    """A share from 0 to 1; what is not nothing, or not all, does not look like it."""
    if 0 < share < 0.000_05:
        return "<0.01 %"
    return ">99.99 %" if 0.999_95 < share < 1 else f"{share * 100:.2f} %"


def _effect_dict(seen: Observation, effect: LimitEffect) -> dict[str, object]:
    return {
        "limit": written(effect.tried),
        "limit_per_second": effect.limit,
        "bucket_requests": seen.bucket(effect),
        "rejected_requests": effect.rejected,
        "rejected_share": seen.rejected_share(effect),
        "touched_users": effect.touched,
        "touched_share": seen.touched_share(effect),
        "peak_left_per_second": effect.peak,
    }


def _requests(effect: LimitEffect) -> str:
    if isinstance(effect.tried, PolicyLimit):
        return f"{effect.tried.limit.requests:g} requests a {effect.tried.limit.period.word}"
    return f"{effect.limit:g} requests/s"


def _setting(seen: Observation) -> str:
    if seen.replayed:
        return "./reduse what-if"
    return "`limits` of the policy in the company's file" if seen.policy else "REDUSE_PROCESSOR_LIMITS"


def _counted(seen: Observation) -> str:
    if seen.policy and not seen.replayed:
        return "requests of identified users under the policy alone"
    return "all requests counted"


def _in_all(seen: Observation) -> str:
    if seen.policy and not seen.replayed:
        return " under the policy"
    return f"{' under the policy' if seen.policy else ''}, {seen.all_requests:,} in all"


def _effect(seen: Observation, effect: LimitEffect) -> str:
    return (
        f"touches {effect.touched:,} of {seen.active:,} active users ({percent(seen.touched_share(effect))}) and "
        f"rejects {percent(seen.rejected_share(effect))} of the requests of identified users"
    )


def _users_note(seen: Observation) -> str:
    if seen.replayed:
        return "From the recorded history: users are those of the whole window, and buckets hold what the table says."
    return f"Users are those of the largest hour that ends in the window{_hour_note(seen)}."


def _hour_note(seen: Observation) -> str:
    if seen.window > USERS_WINDOW_SECONDS:
        return f", not of all {text(seen.window)}"
    return f": an upper bound for {text(seen.window)}, as that hour began before"


def _period(seen: Observation) -> str:
    return f"{text(seen.window)} to {clock(seen.end)}"


def clock(second: int) -> str:
    """Unix seconds as this machine's clock shows them."""
    return datetime.fromtimestamp(second).astimezone().strftime("%Y-%m-%d %H:%M:%S")
