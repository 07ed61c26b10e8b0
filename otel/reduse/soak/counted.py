"""What was sent, as the load counted it itself."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """A kind of answer; `route` as the load names it."""

    service: str
    method: str
    route: str
    status: int


@dataclass(frozen=True, slots=True)
class Sent:
    """Requests of all pieces.

    `seconds`: answers by service, Unix second and status. `users_failed`: those of `users` that were answered with 5xx:
    who could not be let in is no user. `unknown`: requests by service that got no answer though
    there was a connection, so that the service may have seen them. `refused`: those without a connection.
    """

    answers: Counter[Answer] = field(default_factory=Counter)
    seconds: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    users: Counter[str] = field(default_factory=Counter)
    users_failed: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, report: Mapping[str, Any]) -> None:
        """What one run of the load reported (LOAD_REPORT_FILE)."""
        for service, method, route, status, number in report["answers"]:
            self.answers[Answer(service, method, route, status)] += number
        for service, second, status, number in report["seconds"]:
            self.seconds[service, second, status] += number
        self.users.update(report["partners"])
        self.users_failed.update(report["partners_failed"])
        self.refused.update(report["refused"])
        self.unknown.update(
            {service: number - report["refused"][service] for service, number in report["no_response"].items()}
        )

    @property
    def services(self) -> list[str]:
        return sorted({answer.service for answer in self.answers})

    def of(self, service: str) -> int:
        """Requests that this service answered."""
        return sum(number for answer, number in self.answers.items() if answer.service == service)

    def statuses(self, service: str) -> Mapping[int, int]:
        """The same by status."""
        found = Counter[int]()
        for answer, number in self.answers.items():
            if answer.service == service:
                found[answer.status] += number
        return found


def read(folder: Path) -> Sent:
    """All reports in this folder together."""
    sent = Sent()
    for file in sorted(folder.glob("*.json")):
        sent.add(json.loads(file.read_text(encoding="utf-8")))
    return sent
