"""What reports otherwise than the company's file says: services that are not in it, and other export intervals."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from reduse.store.client import StoreClient
from reduse.watch.company import Company

# Of every service that answers requests, in the file or not.
REPORTING = "group by (job) (job_status:http_requests:rate)"
INTERVALS = "max by (job) (job:export_interval_seconds:max)"
# An interval is as it should be up to this factor: exports are late by some of it now and then.
FACTOR = 1.5
SHOWN = 20


@dataclass(frozen=True)
class Interval:
    """Of a service that exports more or less often than its file says, in seconds."""

    job: str
    expected_s: float
    seen_s: float


@dataclass(frozen=True)
class Differences:
    """`unknown`: jobs of services that report and are not in the file."""

    unknown: Sequence[str]
    intervals: Sequence[Interval]

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    def lines(self, file: Path) -> list[str]:
        """For people, a line for each kind."""
        lines = []
        if self.unknown:
            lines.append(f"reports but is not in {file.name}: {_listed(self.unknown)}")
        if self.intervals:
            told = [f"{each.job} every {each.seen_s:.3g} s, not {each.expected_s:g} s" for each in self.intervals]
            lines.append(f"has another export interval than in {file.name}: {_listed(told)}")
        return lines


def find(client: StoreClient, company: Company, now: float) -> Differences:
    """At Unix time `now`."""
    known = {service.job: service for service in company.services}
    reporting = {sample.labels["job"] for sample in client.query(REPORTING, now) if "job" in sample.labels}
    seen = {sample.labels["job"]: sample.value for sample in client.query(INTERVALS, now) if "job" in sample.labels}
    return Differences(
        sorted(reporting - known.keys()),
        [
            Interval(job, service.export_interval, seen[job])
            for job, service in known.items()
            if job in seen and not 1 / FACTOR <= seen[job] / service.export_interval <= FACTOR
        ],
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
