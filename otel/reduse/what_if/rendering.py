"""An answer for people, and for scripts."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reduse.duration import text
from reduse.recommendation.rendering import clock, percent
from reduse.what_if.answer import Answer, Effect
from reduse.what_if.limiter import Kind, Limiter
from reduse.wire import USER_HASH

# Hours and users are shown of one limit: where there are several, ask again with that one.
FEW = 1


def show(answer: Answer, console: Console) -> None:
    """Print what each limit would have done; of a single one the hours and the users too."""
    console.print(table(answer))
    if len(answer.effects) == FEW:
        (effect,) = answer.effects
        if len(effect.hours) > 1:
            console.print(hours(effect))
        if effect.users:
            console.print(users(effect))
    for note in notes(answer):
        console.print(f"· {note}", highlight=False)


def table(answer: Answer) -> Table:
    """What each limit would have done."""
    under = "" if answer.policy is None else f", policy {escape(answer.policy) or 'none'}"
    made = Table(
        title=f"What if each user of {escape(answer.service)}{under} had been limited: "
        f"{text(answer.end - answer.start)} to {clock(answer.end)}"
    )
    for column in (
        "limit",
        "at once",
        "rejected",
        "of requests",
        "users touched",
        "of active",
        "peak left",
        "time saved",
    ):
        made.add_column(column, justify="right")
    for effect in answer.effects:
        made.add_row(
            str(effect.limiter.limit),
            _at_once(effect.limiter),
            f"{effect.rejected:,}",
            percent(answer.rejected_share(effect)),
            f"{effect.touched:,}",
            percent(answer.touched_share(effect)),
            f"{effect.peak_left:,}/s",
            percent(effect.seconds_saved / answer.seconds if answer.seconds else 0),
        )
    made.add_section()
    made.add_row("no limit", "", "0", percent(0), "0", percent(0), f"{answer.peak:,}/s", "0.00 %", style="dim")
    return made


def hours(effect: Effect) -> Table:
    """What one limit would have done in each hour."""
    made = Table(title=f"By hour: {effect.limiter}")
    for column in ("from", "requests", "rejected", "of requests", "users touched", "of active"):
        made.add_column(column, justify="right")
    for hour in effect.hours:
        if not hour.requests:
            continue
        made.add_row(
            minute(hour.start),
            f"{hour.requests:,}",
            f"{hour.rejected:,}",
            percent(hour.rejected / hour.requests if hour.requests else 0),
            f"{hour.touched:,}",
            percent(hour.touched / hour.active if hour.active else 0),
        )
    return made


def users(effect: Effect) -> Table:
    """Whom one limit would have rejected the most."""
    made = Table(title=f"Users with the most requests rejected: {effect.limiter}")
    made.add_column(USER_HASH)
    for column in ("requests", "rejected", "of requests"):
        made.add_column(column, justify="right")
    for user in effect.users:
        made.add_row(user.user, f"{user.requests:,}", f"{user.rejected:,}", percent(user.rejected / user.requests))
    return made


def notes(answer: Answer) -> list[str]:
    """What to know before the figures are used, a sentence each."""
    found = [
        f"{answer.requests:,} requests of {answer.active:,} identified users, {answer.all_requests:,} in all.",
        f"Peaks are of one second, and of all requests; the busiest was {clock(answer.peak_at)}.",
        f"The requests took {answer.seconds:,.1f} s of the server's time; time saved is the part of those rejected.",
        "Requests of a second are taken as spread evenly over it.",
    ]
    if any(effect.limiter.instances > 1 for effect in answer.effects):
        found.append("Requests of a user go to the instances in turn, and each instance counts for itself.")
    if answer.throttled:
        found.append(
            f"{answer.throttled:,} of these requests were answered with 429: a limit was on already, and what it "
            "rejected is counted as a request here."
        )
    found += [f"Not recorded: {clock(gap.begin)} to {clock(gap.end)} ({gap.why})." for gap in answer.gaps]
    return found


def as_dict(answer: Answer) -> dict[str, object]:
    """Shares are from 0 to 1, times Unix seconds, lengths seconds. docs/rate-limits.md has the shape."""
    return {
        "service": answer.service,
        "policy": answer.policy,
        "start": answer.start,
        "end": answer.end,
        "warmed_up_from": answer.warmed_up_from,
        "requests": answer.requests,
        "all_requests": answer.all_requests,
        "active_users": answer.active,
        "throttled_requests": answer.throttled,
        "peak_per_second": answer.peak,
        "peak_at": answer.peak_at,
        "server_seconds": round(answer.seconds, 6),
        "gaps": [{"start": gap.begin, "end": gap.end, "why": gap.why} for gap in answer.gaps],
        "limits": [_effect_dict(answer, effect) for effect in answer.effects],
    }


def _effect_dict(answer: Answer, effect: Effect) -> dict[str, object]:
    limiter = effect.limiter
    bucket = limiter.kind is Kind.TOKEN_BUCKET
    return {
        "limit": str(limiter.limit),
        "requests": limiter.limit.requests,
        "period_seconds": int(limiter.limit.period),
        "limiter": str(limiter.kind),
        "instances": limiter.instances,
        "bucket_requests": limiter.capacity if bucket else None,
        "window_requests": None if bucket else limiter.window.requests,
        "window_seconds": None if bucket else limiter.window.seconds,
        "rejected_requests": effect.rejected,
        "rejected_share": answer.rejected_share(effect),
        "touched_users": effect.touched,
        "touched_share": answer.touched_share(effect),
        "peak_left_per_second": effect.peak_left,
        "peak_left_at": effect.peak_at,
        "server_seconds_saved": round(effect.seconds_saved, 6),
        "hours": [
            {
                "start": hour.start,
                "requests": hour.requests,
                "rejected_requests": hour.rejected,
                "active_users": hour.active,
                "touched_users": hour.touched,
            }
            for hour in effect.hours
        ],
        "users": [
            {"user": user.user, "requests": user.requests, "rejected_requests": user.rejected} for user in effect.users
        ],
    }


def _at_once(limiter: Limiter) -> str:
    if limiter.kind is Kind.TOKEN_BUCKET:
        return f"{limiter.capacity:g}"
    return f"{limiter.window.requests} in {limiter.window.seconds} s"


def minute(second: int) -> str:
    """Unix seconds as this machine's clock shows them, without their seconds: for hours and parts of them."""
    return clock(second)[:-3]
