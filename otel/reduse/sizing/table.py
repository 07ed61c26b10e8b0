"""The answer for people."""

from __future__ import annotations

import math

from rich.console import Group
from rich.table import Table

from reduse.sizing.answer import Answer
from reduse.sizing.recovery import Recovery


def shown(answer: Answer) -> Group:
    return Group(_needs(answer), _options(answer), _recoveries(answer), _costs(answer))


def _table(title: str, *columns: str) -> Table:
    made = Table(title=title, title_justify="left")
    made.add_column(columns[0])
    for column in columns[1:]:
        made.add_column(column, justify="right")
    return made


def _needs(answer: Answer) -> Table:
    demand, sized = answer.demand, answer.sized
    made = _table(f"{demand.users:,} users of {demand.services:,} services", "what", "")
    made.add_row("requests a second", f"{sized.requests_per_second:,.0f}")
    made.add_row("points a second", f"{sized.points_per_second:,.0f}")
    made.add_row(
        "services in more than one shard, and the most shards", f"{answer.sharded_services}, {answer.most_shards}"
    )
    made.add_row("workers' CPU, cores", f"{sized.worker_cores:.2f}")
    made.add_row("fewest workers by formula", f"{sized.least_workers:,}")
    made.add_row("workers", f"{answer.workers:,}")
    made.add_row("partitions", f"{answer.chosen.spread.partitions:,}")
    made.add_row(
        "workers' memory, GB in all, MB each", f"{sized.memory_gb:.1f}, {1000 * sized.memory_gb / answer.workers:.0f}"
    )
    made.add_row("brokers' CPU, cores", f"{sized.broker_cores:.2f}")
    made.add_row("exports into Kafka, MB/s", f"{sized.exports_mb_per_second:.1f}")
    made.add_row("metrics into Kafka, MB/s", f"{sized.metrics_mb_per_second:.1f}")
    made.add_row(
        "brokers take and give, with replicas, MB/s",
        f"{sized.broker_in_mb_per_second:.0f}, {sized.broker_out_mb_per_second:.0f}",
    )
    made.add_row("topic of exports, GB", f"{sized.exports_topic_gb:,.0f}")
    made.add_row("topic of metrics, GB", f"{sized.metrics_topic_gb:,.0f}")
    made.add_row("topic of states, GB", f"{sized.state_topic_gb:,.1f}")
    return made


def _options(answer: Answer) -> Table:
    made = _table(
        f"Partitions of {answer.workers} workers: use of a core",
        "partitions",
        "services in the fullest",
        "mean",
        "most loaded",
        "when one has died",
        "caught up after, s",
    )
    for each in answer.options:
        spread, mark = each.spread, " ←" if each == answer.chosen else ""
        made.add_row(
            f"{spread.partitions:,}{mark}",
            f"{spread.most_shards:,}",
            f"{spread.mean_use:.1%}",
            f"{spread.most_use:.1%}",
            "" if each.after is None else f"{each.after.most_use:.1%}",
            "" if each.after is None else _seconds(each.after),
        )
    return made


def _recoveries(answer: Answer) -> Table:
    made = _table(
        "Workers that die at once, with the oldest snapshots that there can be",
        "die",
        "caught up after, s",
        "reading snapshots, s",
        "most loaded",
    )
    for each in answer.recoveries:
        made.add_row(f"{each.died:,}", _seconds(each), f"{each.restore_seconds:.2f}", f"{each.most_use:.1%}")
    return made


def _seconds(recovery: Recovery) -> str:
    return f"{recovery.seconds:,.0f}" if math.isfinite(recovery.seconds) else "never"


def _costs(answer: Answer) -> Table:
    monthly = answer.monthly
    made = _table("US dollars a month, list prices", "what", "")
    made.add_row("workers", f"{monthly.workers:,.0f}")
    made.add_row("brokers", f"{monthly.brokers:,.0f}")
    made.add_row("disks", f"{monthly.disks:,.0f}")
    made.add_row("transfer between zones", f"{monthly.transfer:,.0f}")
    made.add_row("together", f"{monthly.total:,.0f}")
    return made
