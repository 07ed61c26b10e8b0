"""Counters whose first count is what matters."""

from reduse.monitoring.definition import promql


def from_the_first_on(level: str, metric: str) -> str:
    """PromQL of what a counter counted in five minutes, by the labels of `level`.

    An increase does not see the first count, as the series is there from it on. New is what was not there for an hour:
    its whole value counts.
    """
    return promql(f"""
        sum by ({level}) (
          ({metric} unless last_over_time({metric}[1h] offset 5m))
          or increase({metric}[5m])
        )
    """)
