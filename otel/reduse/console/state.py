"""The state of everything in one round: each row's verdict, the alerts, and whether the store stores."""

from collections.abc import Mapping, Sequence

from reduse.console.alerts import alerts
from reduse.monitoring.table import CompanyRow
from reduse.operation import check
from reduse.operation.causes import silence
from reduse.operation.check import RowResult
from reduse.store.client import QueryError, StoreClient

INTERVAL = 5.0
"""Seconds between two rounds."""

LONGEST_SILENCE = 3600.0
"""Seconds: for longer is not looked back."""


class StateFeed:
    interval = INTERVAL

    def __init__(self, client: StoreClient, rows: Sequence[CompanyRow]) -> None:
        self._client = client
        self._rows = rows

    def refresh(self, now: float) -> Mapping[str, object]:
        """Raises QueryError."""
        silent = silence(self._client, now)
        return {
            "time": now,
            "rows": [_row(result) for result in check.check(self._client, now, self._rows)],
            "alerts": self._alerts(),
            "silence": None if silent is None else min(silent, LONGEST_SILENCE),
        }

    def _alerts(self) -> Mapping[str, object]:
        try:
            return alerts(self._client).as_dict()
        except QueryError as error:
            # A store that evaluates no rules has rows all the same.
            return {"error": str(error)}


def _row(result: RowResult) -> Mapping[str, object]:
    return {
        "row": result.row,
        "passed": result.passed,
        "reason": result.reason,
        "value": check.describe(result),
        "age": result.age,
        "maximum_age": result.maximum_age,
    }
