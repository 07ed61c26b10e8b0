"""Rules made from the twelve rows: how old each row's newest sample is and may be, and an alert on missing data."""

import yaml

from reduse.monitoring.reference_rows import SIGNALS, Signal
from reduse.monitoring.windows import INTERVALS_STALE

AGE = "row:sample_age:seconds"
"""Recorded name: age of the newest raw sample of the row, by label `row`."""

AGE_LIMIT = "row:sample_age_limit:seconds"
"""Recorded name: the age from which on it is too old, by label `row`."""

HEADER = """\
# Generated from otel/reduse/monitoring/reference_rows.py by `python -m reduse.monitoring`. Do not edit.
# For each row of the table: the age of its newest raw sample, the age that it may have, and an alert for the row that
# is missing or stale.
"""


def age_rule(signal: Signal) -> dict[str, object]:
    """Recording rule of the row's age."""
    return {"record": AGE, "labels": {"row": str(signal.number)}, "expr": signal.age}


def age_limit_rule(signal: Signal) -> dict[str, object]:
    """Recording rule of the age that the row may have."""
    return {"record": AGE_LIMIT, "labels": {"row": str(signal.number)}, "expr": signal.age_limit}


def missing_alert(signal: Signal) -> dict[str, object]:
    """Alert on data that never came, stopped coming for longer than Prometheus looks back, or is too old."""
    row = f'{{row="{signal.number}"}}'
    name = f"{signal.title.en}, {signal.service}"
    young = f"{signal.maximum_age:g} s" + (f", or {INTERVALS_STALE:g} of its export intervals," if signal.job else "")
    return {
        "alert": "SignalMissing",
        "expr": f"absent({AGE}{row}) or {AGE}{row} > on (row) {AGE_LIMIT}{row}",
        "for": "30s",
        "labels": {"severity": "critical", "row": str(signal.number), "service": signal.service},
        "annotations": {
            "summary": f"No fresh data: {name}",
            "description": f"Row {signal.number} ({name}) has had no sample younger than {young} for 30 s.",
            "runbook": "docs/runbooks/SignalMissing.md",
            "dashboard": "/d/reduse-overview",
        },
    }


def rows_document(signals: tuple[Signal, ...] = SIGNALS) -> str:
    """The rule file `prometheus/rules/rows.yaml`, as text."""
    made_of_each = (age_rule, age_limit_rule, missing_alert)
    rules = [make(signal) for make in made_of_each for signal in signals]
    document = {"groups": [{"name": "rows", "rules": rules}]}
    return HEADER + yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True)
