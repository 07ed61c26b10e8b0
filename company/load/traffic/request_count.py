"""How many requests were sent, exactly, to compare with what the services and the monitoring counted."""

import json
from collections import Counter
from pathlib import Path

SERVICES = ("shop-api", "crm-api", "mes-api")


class RequestCount:
    """Counts every request that got a response, whatever it was, by service and partner; others stand apart."""

    def __init__(self) -> None:
        self._answered: Counter[str] = Counter()
        self._partners: Counter[str] = Counter()
        self._unanswered: Counter[str] = Counter()
        self._failures = 0

    def record(self, service: str, partner: str | None, *, answered: bool, failed: bool) -> None:
        """Count one request. Without a response it is not known whether the service saw it."""
        self._failures += failed
        if not answered:
            self._unanswered[service] += 1
            return
        self._answered[service] += 1
        if partner is not None:
            self._partners[partner] += 1

    def report(self) -> dict[str, object]:
        """`{service: n, …, "partners": {partner: n}, "failures": n, "no_response": {service: n}}`."""
        return {
            **{service: self._answered[service] for service in SERVICES},
            "partners": dict(sorted(self._partners.items())),
            "failures": self._failures,
            "no_response": {service: self._unanswered[service] for service in SERVICES},
        }

    def write(self, path: Path) -> None:
        """Write the report, whole or not at all."""
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(self.report(), indent=2) + "\n", encoding="utf-8")
        part.replace(path)
