"""The verdict: what was sent against what was counted. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reduse.soak.counted import Sent


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison: `counted` must be between `least` and `most`. `sent`: what was answered, as the sender knows."""

    what: str
    of: str
    sent: int
    counted: int
    least: int
    most: int

    @property
    def passed(self) -> bool:
        return self.least <= self.counted <= self.most

    @property
    def exact(self) -> bool:
        return self.counted == self.sent

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"passed": self.passed}


def of_red(sent: Sent, allowed: Mapping[tuple[str, int], int], red: Mapping[tuple[str, str], int]) -> list[Check]:
    """Requests by service and status, and by service."""
    checks = []
    for service in sent.services:
        counted = {status: number for (of, status), number in red.items() if of == service}
        unknown = sent.unknown[service]
        statuses = sent.statuses(service)
        lost = {status: allowed.get((service, status), 0) for status in statuses}
        total = sent.of(service)
        checks.append(
            Check(
                "RED, requests",
                service,
                total,
                sum(counted.values()),
                total - sum(lost.values()),
                total + unknown,
            )
        )
        checks += [
            Check(
                f"RED, status {status}",
                service,
                number,
                counted.get(str(status), 0),
                number - lost[status],
                number + unknown,
            )
            for status, number in sorted(statuses.items())
        ]
        never = sum(number for status, number in counted.items() if status not in {str(each) for each in statuses})
        checks.append(Check("RED, statuses that nobody was sent", service, 0, never, 0, unknown))
    return checks


def of_users(
    sent: Sent,
    allowed: Mapping[tuple[str, int], int],
    users: Mapping[tuple[str, str], int],
    probes: Mapping[str, int],
) -> list[Check]:
    """Requests of all users by service. `probes`: those of the stack itself by service, which have a user as well."""
    checks = []
    for service in sent.services:
        total = sent.of(service) + probes.get(service, 0)
        lost = _lost(allowed, service)
        counted = sum(number for (of, _), number in users.items() if of == service)
        checks.append(
            Check("processor, requests", service, total, counted, total - lost, total + sent.unknown[service])
        )
    return checks


def of_history(
    sent: Sent,
    service: str,
    allowed: Mapping[tuple[str, int], int],
    history: Mapping[str, int],
    names: Mapping[str, str],
    missing: int,
) -> list[Check]:
    """Requests by user. `names`: their pseudonyms by id; `missing`: requests in gaps that the history knows of."""
    lost = _lost(allowed, service) + missing
    total = sum(sent.users.values())
    counted = {user: history.get(names[user], 0) for user in sent.users}
    unknown = sent.unknown[service]
    failed = sent.users_failed
    off = [
        user
        for user, number in sent.users.items()
        if not number - failed[user] - lost <= counted[user] <= number + unknown
    ]
    strangers = sum(history.values()) - sum(counted.values())
    return [
        Check(
            "history, requests of identified users",
            service,
            total,
            sum(counted.values()),
            total - lost - sum(failed.values()),
            total + unknown,
        ),
        Check("history, users whose requests are not theirs", service, 0, len(off), 0, 0),
        Check("history, requests of users who sent none", service, 0, strangers, 0, 0),
    ]


def of_messages(sent: int, consumed: int, waiting: int, lost: int, again: int) -> list[Check]:
    """Messages of all services, each of which goes into one queue, as they and the broker count them.

    `waiting`: in queues when all is quiet, dead letters too. `lost`: of either count at most, by services that were
    killed; `again`: at most so many were delivered or sent twice, by what was killed or stopped.
    """
    return [
        Check("messages, consumed for sent", "all", sent, consumed, sent - lost - again, sent + lost + again),
        Check("messages that wait in queues, and dead letters", "all", 0, waiting, 0, 0),
    ]


def _lost(allowed: Mapping[tuple[str, int], int], service: str) -> int:
    return sum(number for (of, _), number in allowed.items() if of == service)


def added(checks: Sequence[Sequence[Check]]) -> list[Check]:
    """Those of several pieces as one, by what they compare."""
    found: dict[tuple[str, str], Check] = {}
    for check in (each for piece in checks for each in piece):
        key = (check.what, check.of)
        if (before := found.get(key)) is None:
            found[key] = check
        else:
            found[key] = Check(
                check.what,
                check.of,
                before.sent + check.sent,
                before.counted + check.counted,
                before.least + check.least,
                before.most + check.most,
            )
    return list(found.values())
