"""The command that computes the size of a deployment on Kafka."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reduse.cli.options import AsJson
from reduse.errors import SettingError
from reduse.sizing import table
from reduse.sizing.answer import answer
from reduse.sizing.costs import Costs
from reduse.sizing.demand import Demand
from reduse.sizing.formula import Kept
from reduse.sizing.prices import Prices

app = typer.Typer()

_HOUR = 3600


@app.command()
def size(
    users: Annotated[int, typer.Option(min=1, help="Users per hour; a user of two services counts twice.")],
    services: Annotated[int, typer.Option(min=1, help="Number of services that send per-user data.")],
    requests_per_user: Annotated[float, typer.Option(help="Requests per second of each user.")] = 0.1,
    interval: Annotated[float, typer.Option(help="Export interval in seconds: OTEL_METRIC_EXPORT_INTERVAL.")] = 1.0,
    skew: Annotated[
        float, typer.Option(help="Exponent of Zipf's law for the size of the services; 0: all have the same size.")
    ] = 1.0,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Number of workers; by default the fewest of which none uses more than 60 % of a core."
        ),
    ] = None,
    replicas: Annotated[int, typer.Option(min=1, help="Replicas of each partition.")] = Kept.replicas,
    retention_hours: Annotated[float, typer.Option(help="Retention of the two topics in hours.")] = 24.0,
    die: Annotated[
        list[int] | None, typer.Option(min=1, help="Number of workers that fail at once; can be repeated.")
    ] = None,
    bench: Annotated[
        Path | None, typer.Option(help="Measurements of your machine: the output of `./reduse bench scaling --json`.")
    ] = None,
    core_hour: Annotated[float, typer.Option(help="US dollars per core and hour.")] = Prices.core_hour,
    gb_hour: Annotated[float, typer.Option(help="US dollars per GB of memory and hour.")] = Prices.gb_hour,
    disk_gb_month: Annotated[float, typer.Option(help="US dollars per GB of disk and month.")] = Prices.disk_gb_month,
    transfer_gb: Annotated[
        float, typer.Option(help="US dollars per GB transferred between zones.")
    ] = Prices.transfer_gb,
    seed: Annotated[
        int, typer.Option(help="Random seed for the partitions of the services and for the workers that fail.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Compute what a number of users and services needs on Kafka: workers, partitions, memory, disk, recovery, cost.

    By formula and by a simulation, from costs that were measured. Prices are by default AWS's, us-east-1, on demand,
    of March 2026.

    Examples: `./reduse size --users 10000000 --services 1000 --workers 50` ·
    `./reduse size --users 200000 --services 30 --interval 10 --bench mine.json --json`
    """
    try:
        found = answer(
            Demand(users, services, requests_per_user, interval, skew),
            Costs() if bench is None else Costs.of(_figures(bench)),
            Kept(replicas, retention_hours * _HOUR),
            Prices(core_hour, gb_hour, disk_gb_month, transfer_gb),
            workers,
            die or (),
            seed,
        )
    except ValueError as error:
        raise SettingError(f"{bench or 'size'}: {error}.") from None
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=1))
    else:
        Console().print(table.shown(found))


def _figures(file: Path) -> dict[str, object]:
    found = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError("it is not what `./reduse bench scaling --json` prints")  # noqa: TRY004 - of the file's contents
    return found
