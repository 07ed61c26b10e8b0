"""The figures, for people and for scripts."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table

from benchmarks.scaling.latency import percentile
from benchmarks.scaling.measuring import SHARDS, Measured

# At most so much.
WORKER_OVER_SERVED = 1.3
BROKER_US = 0.3
SIXTEEN_OVER_ONE = 1.3
AFTER_WINDOW_END_P99_S = 1.0
STATE_BYTES_PER_USER = 120.0

Figures = dict[str, float | int]


@dataclass(frozen=True)
class Row:
    """A figure with what it is, and the goal that it is to stay below, if it has one."""

    name: str
    what: str
    goal: float | None = None


ROWS = (
    Row("served_durable_us", "our own server, its start included: µs of CPU a point"),
    Row("kafka_worker_us", "a worker on Kafka, its start included: µs of CPU a point"),
    Row("worker_over_served", "the second over the first", WORKER_OVER_SERVED),
    Row("kafka_worker_working_us", "a worker on Kafka, without its start: µs of CPU a point"),
    Row("broker_us", "the broker in the last round, when it is warm: µs of CPU a point", BROKER_US),
    Row("broker_start_s", "the broker's start: s of CPU"),
    Row("sixteen_shards_over_one", f"worker, {SHARDS} shards over one, without its start", SIXTEEN_OVER_ONE),
    Row("window_ms", "what one more shard's window costs a worker: ms of CPU"),
    Row("latency_p50_s", "from the last record waited for to the metrics, half of the windows: s"),
    Row("latency_p99_s", "the same, 99 % of the windows: s"),
    Row("after_window_end_p99_s", "from a window's end, 99 % of the windows: s", AFTER_WINDOW_END_P99_S),
    Row("state_bytes_per_user", "the state in Kafka: bytes for each user", STATE_BYTES_PER_USER),
    Row("resident_bytes_per_user", "what a worker's memory has grown: bytes for each user"),
    Row("worker_base_bytes", "a worker's memory without a user: bytes"),
    Row("restore_s_per_gb", "to take over a state: s of CPU for each GB"),
    Row("bytes_per_point", "in the topic of exports, compressed: bytes a point"),
    Row("metrics_bytes_per_window", "metrics of one service and second, before compression: bytes"),
)


def figures(measured: Measured) -> Figures:
    """By their names in JSON."""
    users, typical = measured.sizes.users, measured.typical
    served, worker = typical(lambda each: each.served_us), typical(lambda each: each.one.whole_us)
    one, sixteen = typical(lambda each: each.one.working_us), typical(lambda each: each.sixteen.working_us)
    last, end = measured.latency.after_last, measured.latency.after_end
    return {
        "users": users,
        "points": measured.points,
        "seconds": measured.sizes.seconds,
        "rounds": len(measured.rounds),
        "windows_timed": len(last),
        "served_durable_us": round(served, 3),
        "kafka_worker_us": round(worker, 3),
        "worker_over_served": round(typical(lambda each: each.one.whole_us / each.served_us), 3),
        "kafka_worker_working_us": round(one, 3),
        "sixteen_shards_working_us": round(sixteen, 3),
        "sixteen_shards_over_one": round(typical(lambda each: each.sixteen.working_us / each.one.working_us), 3),
        "window_ms": round(max(typical(lambda each: each.window_ms(measured.points, measured.sizes.seconds)), 0), 3),
        # The broker's machine code is made while it runs: the first rounds say what that costs.
        "broker_us": round(measured.rounds[-1].one.broker_us, 3),
        "broker_start_s": round(measured.broker_start_seconds, 2),
        "latency_p50_s": percentile(last, 50),
        "latency_p99_s": percentile(last, 99),
        "after_window_end_p50_s": percentile(end, 50),
        "after_window_end_p99_s": percentile(end, 99),
        "state_bytes_per_user": round(typical(lambda each: each.one.snapshot_bytes) / users, 1),
        "resident_bytes_per_user": round(typical(lambda each: each.one.resident_bytes) / users, 1),
        "worker_base_bytes": round(typical(lambda each: each.one.base_bytes)),
        "restore_s_per_gb": round(typical(lambda each: each.one.restore_seconds_per_gb), 2),
        "bytes_per_point": round(typical(lambda each: each.one.exports_bytes) / measured.points, 1),
        "metrics_bytes_per_window": round(typical(lambda each: each.one.metrics_bytes_per_window)),
    }


def table(found: Figures) -> Table:
    made = Table(title=f"{found['points']:,} points, {found['users']:,} users", title_justify="left")
    made.add_column("what")
    made.add_column("measured", justify="right")
    made.add_column("goal", justify="right")
    for row in ROWS:
        value = found[row.name]
        if row.goal is None:
            made.add_row(row.what, f"{value:,}", "")
        else:
            colour = "green" if value <= row.goal else "red"
            made.add_row(row.what, f"[{colour}]{value:,}[/]", f"≤ {row.goal:g}")
    return made
