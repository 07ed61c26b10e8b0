"""Why rows are missing: what alerts say of the monitoring itself, and whether anything is stored at all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from reduse import web_client
from reduse.operation.access import alertmanager_url
from reduse.settings.stack import Settings
from reduse.store.client import QueryError, StoreClient

LINES = 10
TIMEOUT_SECONDS = 5
# The store scrapes itself and the parts every five seconds.
SILENT_SECONDS = 30
# The group of the rules about the pipeline itself.
MONITORING = "monitoring"
# It always fires; and a row that is missing is what is to be explained.
NO_CAUSE = frozenset({"Watchdog", "SignalMissing"})
LOOKED_BACK = "1h"
# What is younger than the last step of a subquery is not in it.
NEWEST = f"time() - (max(timestamp(up)) or max(max_over_time(timestamp(up)[{LOOKED_BACK}:5s])))"


@dataclass(frozen=True)
class Alert:
    """An alert that fires."""

    name: str
    severity: str
    summary: str
    labels: Mapping[str, str]

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class Causes:
    """`silence`: seconds for which nothing was stored, infinite after an hour; None while it stores."""

    alerts: Sequence[Alert]
    silence: float | None

    def lines(self) -> list[str]:
        """For people, the gravest first, at most `LINES` of alerts."""
        told = [f"{alert.name} ({alert.severity}): {alert.summary}" for alert in self.alerts[:LINES]]
        more = len(self.alerts) - len(told)
        return [*self._silence(), *told, *([f"{more} more alerts fire: see Alertmanager."] if more else [])]

    def _silence(self) -> list[str]:
        if self.silence is None:
            return []
        since = "in the last hour" if self.silence == float("inf") else f"for {self.silence:.0f} s"
        return [f"The store has not stored anything {since}: check `./reduse status` and the log of the store."]


def find(client: StoreClient, settings: Settings, now: float) -> Causes:
    """What explains missing rows at Unix time `now`; of what does not answer, nothing."""
    by_labels = {
        tuple(sorted(alert.labels.items())): alert for alert in (*_from_alertmanager(settings), *_from_store(client))
    }
    alerts = sorted(by_labels.values(), key=lambda alert: (alert.severity != "critical", alert.name, alert.summary))
    return Causes(alerts, silence(client, now))


def _from_store(client: StoreClient) -> Iterable[Alert]:
    try:
        groups = client.get("/api/v1/rules?type=alert")["groups"]
    except QueryError:
        return
    for group in groups:
        for rule in group["rules"]:
            for alert in rule.get("alerts", ()):
                if alert["state"] == "firing" and _explains(alert["labels"], group["name"]):
                    yield _alert(alert)


def _from_alertmanager(settings: Settings) -> Iterable[Alert]:
    """Those that the pipeline tells it without the store, as when nothing can be stored."""
    try:
        url = f"{alertmanager_url(settings)}/api/v2/alerts?active=true&silenced=false&inhibited=false"
        with web_client.client(url, timeout=TIMEOUT_SECONDS) as client:
            told = client.get(url).raise_for_status().json()
        return [_alert(alert) for alert in told if _explains(alert["labels"], group="")]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError, KeyError):
        return []


def _explains(labels: Mapping[str, str], group: str) -> bool:
    about_monitoring = group == MONITORING or labels.get("severity") == "critical"
    return about_monitoring and labels["alertname"] not in NO_CAUSE


def _alert(told: Mapping[str, Any]) -> Alert:
    labels: Mapping[str, str] = told["labels"]
    summary = told.get("annotations", {}).get("summary", "")
    return Alert(labels["alertname"], labels.get("severity", "none"), summary, labels)


def silence(client: StoreClient, now: float) -> float | None:
    """Seconds for which nothing was stored at Unix time `now`, infinite after an hour; None while it stores."""
    try:
        age = client.scalar(NEWEST, now)
    except QueryError:
        return None
    if age is None:
        return float("inf")
    return age if age > SILENT_SECONDS else None
