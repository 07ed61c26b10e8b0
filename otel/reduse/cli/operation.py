"""Commands that ask a running system, and what its people need beside it."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reduse.cli import what_if
from reduse.cli.options import AsJson
from reduse.errors import StackError
from reduse.monitoring import companies
from reduse.monitoring.dashboards.boards import boards
from reduse.monitoring.table import rows as table_rows
from reduse.operation import access, causes, certificates, differences
from reduse.operation import check as rows
from reduse.operation import top as live
from reduse.recommendation import policies_rendering, rendering
from reduse.recommendation.errors import ChoiceError
from reduse.recommendation.policy import Policy, Recommendation
from reduse.recommendation.reading import TIMEOUT_SECONDS, HistoryReader
from reduse.recommendation.snippets import Limiter, snippet
from reduse.recommendation.survey import Judge, survey
from reduse.recommendation.window import seconds
from reduse.settings.stack import Settings, load_settings
from reduse.store.client import StoreClient
from reduse.what_if.limiter import MOST_INSTANCES, Kind

app = typer.Typer()

# Exit status of `recommend` when the answer is that no limit will do.
NO_LIMIT = 3


@app.command()
def check(
    every: Annotated[
        bool,
        typer.Option(
            "--all", help=f"Show all rows; by default failing rows come first, and {rows.SHOWN_ROWS} rows are shown."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the value and age of each row of the company's table, and the alerts that explain missing rows.

    Services that report but are not in the company's file are listed, too. Exit status 1 if a row is missing or stale.
    """
    settings = load_settings()
    company = companies.load(settings.watch_file)
    with access.store(settings) as client:
        now = time.time()
        results = rows.check(client, now, table_rows(company))
        different = differences.find(client, company, now)
        found = causes.find(client, settings, now)
    if as_json:
        told = {
            "rows": [result.as_dict() for result in results],
            "differences": different.as_dict(),
            "alerts": [alert.as_dict() for alert in found.alerts],
            "nothing_stored_for_s": found.silence,
        }
        typer.echo(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        Console().print(rows.table(results, every=every))
        for line in (*different.lines(settings.watch_file), *found.lines()):
            typer.echo(line)
    raise typer.Exit(0 if all(result.passed for result in results) else 1)


@app.command()
def top(
    service: Annotated[
        str | None,
        typer.Option(help="The service whose users are shown; needed if users of several services are counted."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Print one table and exit.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the users with the most requests per second: share, concurrency and the limit that would affect them."""
    settings = load_settings()
    with access.store(settings) as client:
        chosen = service or live.only_service(client, companies.load(settings.watch_file), time.time())
        if as_json:
            typer.echo(json.dumps([user.as_dict() for user in live.users(client, chosen)], indent=1))
        else:
            live.show(client, chosen, Console(), once=once)


@app.command()
def recommend(
    service: Annotated[str, typer.Option(help="The service, as in the label `service`.")],
    policy: Annotated[
        str | None, typer.Option(help="Consider only the requests and limits of this policy of the service.")
    ] = None,
    policies: Annotated[
        bool,
        typer.Option("--policies", help="Show the lowest suitable limit of each policy, and propose policies."),
    ] = False,
    window: Annotated[str, typer.Option(help="How far to look back: 1m to 7d.")] = "1h",
    touched: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="Affect at most this percentage of the active users; 1 by default."),
    ] = None,
    rejected: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="Reject at most this percentage of the requests of identified users."),
    ] = None,
    burst: Annotated[
        float | None, typer.Option(help="The burst in seconds: of the ladder, or for --search and --verify.")
    ] = None,
    limiter: Annotated[
        Limiter | None, typer.Option("--snippet", help="Print the configuration of this limiter instead of the table.")
    ] = None,
    header: Annotated[
        str, typer.Option(help="For --snippet: the request header that identifies the user.")
    ] = "x-api-key",
    search: Annotated[
        bool, typer.Option("--search", help="Search the recorded history for the lowest limit, of any.")
    ] = False,
    per: Annotated[str, typer.Option(help="For --search: a limit per second, minute, hour or day.")] = "second",
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare what --limit, now in force, rejected with the prediction.")
    ] = False,
    limit: Annotated[str | None, typer.Option(help="For --verify: the limit in force, such as 60/minute.")] = None,
    kind: Annotated[Kind, typer.Option("--limiter", help="For --verify: how the limiter counts.")] = Kind.TOKEN_BUCKET,
    instances: Annotated[
        int, typer.Option(min=1, max=MOST_INSTANCES, help="For --verify: how many limiters count separately.")
    ] = 1,
    history: what_if.History = None,
    as_json: AsJson = False,
) -> None:
    """Show what rate limits per user would have rejected, and recommend the lowest limit within the bounds.

    Exit status 1 without data, 2 for an invalid option, 3 if no limit is within the bounds. See docs/rate-limits.md.

    Examples: `./reduse recommend --service orders-api` ·
    `./reduse recommend --service orders-api --window 6h --touched 5 --rejected 0.1` ·
    `./reduse recommend --service orders-api --snippet nginx > limit.conf` ·
    `./reduse recommend --service orders-api --policies` · `./reduse recommend --service orders-api --policy price` ·
    `./reduse recommend --service orders-api --search --per minute --window 24h` ·
    `./reduse recommend --service orders-api --verify --limit 60/minute --limiter moving-window`
    """
    length, end = seconds(window), int(time.time())
    if verify:
        what_if.verified(service, length, limit, kind, instances, burst, policy, history, as_json=as_json)
        return
    _check_choices(policy=policy, policies=policies, burst=None if search else burst, limiter=limiter)
    settings = load_settings()
    wanted = Policy.asked(touched, rejected)

    def searched(under: str | None) -> Recommendation:
        return what_if.searched(service, length, wanted, per, burst, under, history)

    if search and not policies:
        made = searched(policy)
    else:
        with access.store(settings, timeout=TIMEOUT_SECONDS) as client:
            reader = HistoryReader(client)

            def observed(under: str) -> Recommendation:
                seen = reader.observe(service, window=length, end=end, burst=burst, policy=under)
                return Recommendation.made(seen, wanted)

            if policies:
                judge = searched if search else observed
                _show_policies(client, settings, service, judge, length, end, as_json=as_json)
                return
            made = observed(policy or "")
    text = None
    if limiter and made.chosen:
        # Of a policy the snippet has the routes, which only the company's file knows.
        listed = companies.load(settings.watch_file).services if policy else ()
        under = [each.listed for own in listed if own.job == service for each in own.policies]
        text = snippet(limiter, made.observation, made.chosen, header, under)
    if as_json:
        answer = rendering.as_dict(made) | ({"snippet": text} if limiter else {})
        typer.echo(json.dumps(answer, indent=1, ensure_ascii=False))
    elif text is not None:
        typer.echo(text, nl=False)
    else:
        # With a snippet asked for, standard output is for that alone.
        rendering.show(made, Console(stderr=limiter is not None))
    raise typer.Exit(0 if made.chosen else NO_LIMIT)


def _show_policies(
    client: StoreClient, settings: Settings, service: str, judge: Judge, length: int, end: int, *, as_json: bool
) -> None:
    company = companies.load(settings.watch_file)
    own = [each for each in company.services if each.job == service]
    probes = {route for each in own for route in each.probes}
    listed = [policy.listed for each in own for policy in each.policies]
    found = survey(client, service, judge, listed, window=length, end=end, but=probes)
    if as_json:
        typer.echo(json.dumps(policies_rendering.as_data(found), indent=1, ensure_ascii=False))
    else:
        policies_rendering.show(found, Console())


def _check_choices(*, policy: str | None, policies: bool, burst: float | None, limiter: Limiter | None) -> None:
    if policies and (policy or limiter):
        raise ChoiceError("--policies is about all of them: leave out --policy and --snippet.")
    if burst is not None and (policy or policies):
        raise ChoiceError("--burst chooses a ladder of the service: each limit of a policy has its own, leave it out.")


@app.command()
def report(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file that is written; STATE_DIR/report.html by default.")
    ] = None,
    window: Annotated[str, typer.Option(help="How far to look back: 1m to 7d.")] = "15m",
    service: Annotated[
        str | None,
        typer.Option(help="The service that the dashboards show, by its job; that of the first row by default."),
    ] = None,
    database: Annotated[str | None, typer.Option(help="The database that the dashboards show, by its job.")] = None,
) -> None:
    """Draw all dashboards with current data into one HTML file, which needs neither Grafana nor a network.

    Examples: `./reduse report` · `./reduse report --window 6h --service orders-api -o incident.html`
    """
    # Takes longer to import than all other commands to run.
    from reduse.operation.report import command as reports

    length = seconds(window)
    settings = load_settings()
    shown = boards(companies.load(settings.watch_file))
    given: dict[str, dict[str, str]] = {}
    if service:
        given |= {"red": {"job": service}, "service-use": {"job": service}, "users": {"service": service}}
    if database:
        given["databases"] = {"job": database}
    target = output or settings.state_dir / "report.html"
    with access.store(settings) as client, Console(stderr=True).status("Asking …") as status:
        drawn = reports.write(client, target, length, shown, given, status.update)
    typer.echo(f"{target}: {drawn} panels with data")


@app.command("hash-user")
def hash_user(
    user: Annotated[str, typer.Argument(help="The user id, as the service knows it.", metavar="ID")],
) -> None:
    """Print the pseudonym of a user, as in the label `user`. Example: `./reduse hash-user partner-00001`"""
    from reduse.distro.base.errors import ConfigurationError
    from reduse.distro.base.settings import key_in
    from reduse.wire import user_hash

    settings = load_settings()
    key = settings.secrets_dir / "user_hash_key"
    if not key.exists():
        raise StackError(f"{key} does not exist yet: `./reduse up` makes it.")
    try:
        typer.echo(user_hash(key_in(str(key)), user))
    except ConfigurationError as error:
        raise StackError(f"{key}: {error}.") from None


@app.command("certs")
def make_certificates(
    directory: Annotated[
        Path, typer.Argument(help="The folder; created if it does not exist, and readable by its owner only.")
    ],
    host: Annotated[
        list[str] | None, typer.Option(help="Name or address of a machine that parts run on; can be repeated.")
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=3650, help="Validity of new certificates, in days.")
    ] = certificates.DAYS,
    renew: Annotated[bool, typer.Option("--renew", help="Renew all certificates, with the same authority.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create a development CA and a certificate for each part; certificates that are valid for another month are kept.

    Examples: `./reduse certs ~/certificates --host monitoring.example.org --host 192.0.2.10` ·
    `./reduse certs ~/certificates --renew`
    """
    made = certificates.ensure(directory, hosts=host or (), now=datetime.now(UTC), days=days, renew=renew)
    if as_json:
        typer.echo(json.dumps([each.as_dict() for each in made], indent=1))
        return
    for each in made:
        typer.echo(f"{'made' if each.new else 'kept'}  {each.file}  until {each.until:%Y-%m-%d}")
