"""The alerts that fire or are about to, with what is said of each, as the store evaluates them."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from reduse.store.client import StoreClient

SHOWN_ALERTS = 200
"""More are counted and not shown."""

_ORDER = {"critical": 0, "warning": 1}
_NO_FAULT = "none"
"""Severity of what always fires, to show that alerts arrive."""


@dataclass(frozen=True, slots=True)
class Alert:
    """`state`: firing or pending; `since`: RFC 3339; `board`: the dashboard that shows it."""

    name: str
    severity: str
    state: str
    since: str
    summary: str
    description: str
    board: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Alerts:
    """`rules`: how many alerts are evaluated; `heartbeat`: whether the one fires that always has to."""

    firing: int
    pending: int
    rules: int
    heartbeat: bool
    shown: tuple[Alert, ...]

    def as_dict(self) -> Mapping[str, object]:
        return asdict(self)


def alerts(client: StoreClient) -> Alerts:
    """All of now, the gravest first. Raises QueryError."""
    rules = [rule for group in client.get("/api/v1/rules?type=alert")["groups"] for rule in group["rules"]]
    found = list(_alerts(rules))
    told = [alert for alert in found if alert.severity != _NO_FAULT]
    firing = sum(alert.state == "firing" for alert in told)
    return Alerts(
        firing=firing,
        pending=len(told) - firing,
        rules=len(rules),
        heartbeat=any(alert.severity == _NO_FAULT and alert.state == "firing" for alert in found),
        shown=tuple(sorted(told, key=_rank)[:SHOWN_ALERTS]),
    )


def _alerts(rules: Iterable[Mapping[str, Any]]) -> Iterable[Alert]:
    for rule in rules:
        for alert in rule.get("alerts") or ():
            labels, annotations = alert["labels"], alert.get("annotations", {})
            if alert["state"] in ("firing", "pending"):
                yield Alert(
                    name=labels["alertname"],
                    severity=labels.get("severity", ""),
                    state=alert["state"],
                    since=alert.get("activeAt", ""),
                    summary=annotations.get("summary", ""),
                    description=annotations.get("description", ""),
                    board=annotations.get("dashboard", "").removeprefix("/d/"),
                    labels={name: text for name, text in labels.items() if name not in ("alertname", "severity")},
                )


def _rank(alert: Alert) -> tuple[bool, int, str, str]:
    return alert.state != "firing", _ORDER.get(alert.severity, len(_ORDER)), alert.name, alert.summary
