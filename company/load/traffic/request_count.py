"""How many requests were sent, exactly, to compare with what the services and the monitoring counted."""

import json
from collections import Counter
from pathlib import Path
from typing import NamedTuple

SERVER_ERROR = 500
SERVICES = ("shop-api", "crm-api", "mes-api")


class Answer(NamedTuple):
    """What the same answers have in common; `route` as the load names it."""

    service: str
    method: str
    route: str
    status: int


class RequestCount:
    """Counts every request that got a response, whatever it was, by service, route, status and partner.

    Others stand apart: those that no service can have seen, as nobody took the connection, and those of which it is
    not known. Answers are counted by second too: what a service had answered shortly before it was killed may have
    been counted by itself alone.
    """

    def __init__(self) -> None:
        self._answers: Counter[Answer] = Counter()
        self._seconds: Counter[tuple[str, int, int]] = Counter()
        self._partners: Counter[str] = Counter()
        self._partners_failed: Counter[str] = Counter()
        self._unanswered: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._failures = 0

    def record(self, answer: Answer, second: int, partner: str | None, *, failed: bool) -> None:
        """Count a request that was answered in this Unix second."""
        self._failures += failed
        self._answers[answer] += 1
        self._seconds[answer.service, second, answer.status] += 1
        if partner is not None:
            self._partners[partner] += 1
            self._partners_failed[partner] += answer.status >= SERVER_ERROR

    def record_unanswered(self, service: str, *, refused: bool) -> None:
        """Count a request without a response. `refused`: there was no connection, so that the service saw nothing."""
        self._failures += 1
        self._unanswered[service] += 1
        self._refused[service] += refused

    def report(self) -> dict[str, object]:
        """`{service: n, …, "partners": {partner: n}, "failures": n, "no_response": {service: n}, …}`.

        `refused` is a part of `no_response`, and `partners_failed`, those answered with 5xx, of
        `partners`. `answers` has [service, method, route, status, n], `seconds` [service, Unix second, status, n].
        """
        answered: Counter[str] = Counter()
        for answer, number in self._answers.items():
            answered[answer.service] += number
        return {
            **{service: answered[service] for service in SERVICES},
            "partners": dict(sorted(self._partners.items())),
            "partners_failed": {partner: n for partner, n in sorted(self._partners_failed.items()) if n},
            "failures": self._failures,
            "no_response": {service: self._unanswered[service] for service in SERVICES},
            "refused": {service: self._refused[service] for service in SERVICES},
            "answers": [[*answer, number] for answer, number in sorted(self._answers.items())],
            "seconds": [[*key, number] for key, number in sorted(self._seconds.items())],
        }

    def write(self, path: Path) -> None:
        """Write the report, whole or not at all."""
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(self.report(), indent=2) + "\n", encoding="utf-8")
        part.replace(path)
