"""Increases of counters that include the first count."""

from reduse.monitoring.definition import promql


def from_the_first_on(level: str, metric: str) -> str:
    """PromQL of the increase of a counter in five minutes, by the labels of `level`.

    `increase` misses the first count, with which the series begins. The full value counts for series that did not exist
    for an hour.
    """
    return promql(f"""
        sum by ({level}) (
          ({metric} unless last_over_time({metric}[1h] offset 5m))
          or increase({metric}[5m])
        )
    """)
