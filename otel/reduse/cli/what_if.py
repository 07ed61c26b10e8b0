"""The command that replays the recorded history through any limit."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from reduse.cli.options import AsJson
from reduse.limit import parse_period
from reduse.operation import access
from reduse.recommendation.errors import ChoiceError
from reduse.recommendation.policy import Policy, Recommendation
from reduse.recommendation.reading import TIMEOUT_SECONDS
from reduse.recommendation.window import seconds
from reduse.settings.stack import load_settings
from reduse.what_if import asked
from reduse.what_if.limiter import MOST_INSTANCES, Kind, Limiter

if TYPE_CHECKING:
    from reduse.what_if.answer import Answer

app = typer.Typer()

# Who has waited for so long is told how far it is.
PATIENCE_SECONDS = 2.0

DEFAULT_USERS = 10

Told = Callable[[int, int], None]

History = Annotated[
    list[Path] | None,
    typer.Option("--history", help="Folder of the history; for Kafka workers, name all. That of the stack by default."),
]


@app.command("what-if")
def what_if(
    service: Annotated[str, typer.Option(help="The service, as in the label `service`.")],
    limit: Annotated[
        list[str] | None, typer.Option(help="Limit per user: 60/minute, or 7.5 with --per; can be repeated.")
    ] = None,
    per: Annotated[str | None, typer.Option(help="Period of limits without one: second, minute, hour or day.")] = None,
    burst: Annotated[
        float | None,
        typer.Option(help="Burst in requests; by default those of a period, or of 2 s for limits per second."),
    ] = None,
    window: Annotated[str, typer.Option(help="How far to look back: 1m to 7d.")] = "24h",
    policy: Annotated[str | None, typer.Option(help="Limit only requests under this policy.")] = None,
    kind: Annotated[Kind, typer.Option("--limiter", help="How the limiter counts.")] = Kind.TOKEN_BUCKET,
    instances: Annotated[
        int, typer.Option(min=1, max=MOST_INSTANCES, help="Number of limiters that count separately.")
    ] = 1,
    cost: Annotated[
        list[str] | None, typer.Option(help="Cost of a request under a policy, such as price=5; can be repeated.")
    ] = None,
    users: Annotated[int, typer.Option(min=0, help="Number of affected users to list.")] = DEFAULT_USERS,
    history: History = None,
    as_json: AsJson = False,
) -> None:
    """Apply any limit to the recorded history: rejected requests, affected users and the peak left.

    Exit status 1 if nothing is recorded, 2 for an invalid option. See docs/rate-limits.md.

    Examples: `./reduse what-if --service orders-api --limit 7.5 --per minute --burst 20` ·
    `./reduse what-if --service orders-api --limit 5/second --limit 10/second --window 6h` ·
    `./reduse what-if --service orders-api --limit 60/minute --limiter moving-window --instances 3 --json`
    """
    # Compiled loops take longer to import than all other commands to run.
    from reduse.what_if import rendering
    from reduse.what_if.reading import Question, ask

    end = int(time.time())
    question = Question(
        service,
        end - seconds(window),
        end,
        asked.limiters(limit or (), per, burst, kind, instances),
        policy,
        asked.costs(cost or ()),
        users,
    )
    with progress() as told:
        answer = ask(history or load_settings().history_dirs, question, told)
    if as_json:
        typer.echo(json.dumps(rendering.as_dict(answer), indent=1, ensure_ascii=False))
    else:
        rendering.show(answer, Console())


def searched(
    service: str, length: int, wanted: Policy, period: str, burst: float | None, policy: str | None, history: History
) -> Recommendation:
    """The lowest limit that is mild enough, of any: from the recorded history."""
    from reduse.what_if.reading import Question, ask
    from reduse.what_if.search import search

    end = int(time.time())
    try:
        per = parse_period(period)
    except ValueError as error:
        raise ChoiceError(f"--per: {error}.") from None
    named = history or load_settings().history_dirs

    def passed(limiters: Sequence[Limiter]) -> "Answer":
        with progress() as told:
            return ask(named, Question(service, end - length, end, limiters, policy, users=0), told)

    return search(passed, wanted, per, burst)


def verified(
    service: str,
    length: int,
    limit: str | None,
    kind: Kind,
    instances: int,
    burst: float | None,
    policy: str | None,
    history: History,
    *,
    as_json: bool,
) -> None:
    """Print what a limit that is on has rejected, beside what is predicted."""
    from reduse.what_if import verification
    from reduse.what_if.counters import verify_counters
    from reduse.what_if.reading import Question, ask

    end = int(time.time())
    (limiter,) = asked.limiters([limit] if limit else [], None, None, kind, instances)
    if burst is not None:
        limiter = replace(limiter, burst=max(1.0, burst * limiter.per_second))
    settings = load_settings()
    folders = history or settings.history_dirs
    if any(folder.is_dir() for folder in folders):
        with progress() as told:
            answer = ask(folders, Question(service, end - length, end, [limiter], policy), told)
        found = verification.verify(answer, DEFAULT_USERS)
    else:
        with access.store(settings, timeout=TIMEOUT_SECONDS) as client:
            found = verify_counters(client, service, policy, limiter, end - length, end)
    if as_json:
        typer.echo(json.dumps(verification.as_dict(found), indent=1, ensure_ascii=False))
    else:
        verification.show(found, Console())


@contextmanager
def progress() -> Iterator[Told]:
    """Shows how far it is, on a terminal, when it takes longer than one likes to wait."""
    if not sys.stderr.isatty():
        yield lambda _done, _rows: None
        return
    begun = time.monotonic()
    columns = TextColumn("Replaying"), BarColumn(), TextColumn("{task.percentage:.0f} %"), TimeRemainingColumn()
    shown = Progress(*columns, console=Console(stderr=True), transient=True)
    task = shown.add_task("")

    def tell(done: int, rows: int) -> None:
        shown.update(task, completed=done, total=max(rows, 1))
        if time.monotonic() - begun >= PATIENCE_SECONDS:
            shown.start()

    try:
        yield tell
    finally:
        shown.stop()
