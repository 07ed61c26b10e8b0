"""Rules made from the twelve rows: the age of each row's newest sample, and an alert on missing or stale data."""

import yaml

from reduse.monitoring.signals import SIGNALS, Signal

AGE = "row:sample_age:seconds"
"""Recorded name: age of the newest raw sample of the row, by label `row`."""

HEADER = """\
# Generated from otel/reduse/monitoring/signals.py by `python -m reduse.monitoring`. Do not edit.
# For each row of the table: the age of its newest raw sample, and an alert for the row that is missing or stale.
"""


def age_rule(signal: Signal) -> dict[str, object]:
    """Recording rule of the row's age."""
    return {"record": AGE, "labels": {"row": str(signal.number)}, "expr": signal.age}


def missing_alert(signal: Signal) -> dict[str, object]:
    """Alert on data that never came, stopped coming for longer than Prometheus looks back, or is too old."""
    selector = f'{AGE}{{row="{signal.number}"}}'
    name = f"{signal.title.en}, {signal.service}"
    age = f"{signal.maximum_age:g}"
    return {
        "alert": "SignalMissing",
        "expr": f"absent({selector}) or {selector} > {age}",
        "for": "30s",
        "labels": {"severity": "critical", "row": str(signal.number), "service": signal.service},
        "annotations": {
            "summary": f"No fresh data: {name}",
            "description": f"Row {signal.number} ({name}) has had no sample younger than {age} s for 30 s.",
            "runbook": "docs/runbooks/SignalMissing.md",
            "dashboard": "/d/reduse-overview",
        },
    }


def rows_document(signals: tuple[Signal, ...] = SIGNALS) -> str:
    """The rule file `prometheus/rules/rows.yaml`, as text."""
    rules = [age_rule(signal) for signal in signals] + [missing_alert(signal) for signal in signals]
    document = {"groups": [{"name": "rows", "rules": rules}]}
    return HEADER + yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True)
