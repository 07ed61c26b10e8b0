"""The command that computes what so many users and services need on Kafka."""

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
    users: Annotated[int, typer.Option(min=1, help="Within an hour; who uses two services counts twice.")],
    services: Annotated[int, typer.Option(min=1, help="That send users' requests.")],
    requests_per_user: Annotated[float, typer.Option(help="A second.")] = 0.1,
    interval: Annotated[float, typer.Option(help="Seconds between two exports: OTEL_METRIC_EXPORT_INTERVAL.")] = 1.0,
    skew: Annotated[float, typer.Option(help="Of Zipf's law, how unequal services are; 0: all alike.")] = 1.0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Else the fewest that do, none above 60 % of a core.")
    ] = None,
    replicas: Annotated[int, typer.Option(min=1, help="Copies of each partition.")] = Kept.replicas,
    retention_hours: Annotated[float, typer.Option(help="For how long Kafka keeps the two topics.")] = 24.0,
    die: Annotated[list[int] | None, typer.Option(min=1, help="Workers that die at once; can be given again.")] = None,
    bench: Annotated[
        Path | None, typer.Option(help="Costs of your machine: what `./reduse bench scaling --json` has printed.")
    ] = None,
    core_hour: Annotated[float, typer.Option(help="US dollars for a core, an hour.")] = Prices.core_hour,
    gb_hour: Annotated[float, typer.Option(help="For a GB of memory, an hour.")] = Prices.gb_hour,
    disk_gb_month: Annotated[float, typer.Option(help="For a GB of disk, a month.")] = Prices.disk_gb_month,
    transfer_gb: Annotated[float, typer.Option(help="For a GB from zone to zone.")] = Prices.transfer_gb,
    seed: Annotated[int, typer.Option(help="Of services' names, and so of their partitions, and of who dies.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Compute what so many users and services need on Kafka: workers, partitions, memory, disk, recovery, cost.

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
