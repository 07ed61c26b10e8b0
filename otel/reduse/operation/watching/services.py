"""Services of the file held against what is in the store."""

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from reduse import duration
from reduse.operation.watching.finding import Finding, missing, note, ok
from reduse.watch.company import Company
from reduse.watch.policies import PROCESSOR_SETTING, service_settings
from reduse.watch.relations import PIPELINE_JOBS
from reduse.watch.service import Service

STORE = "store"

# As long as a service that exports each minute may have been silent.
WINDOW = "5m"
INTERVALS = f"max by (job) (last_over_time(reduse_export_interval_seconds[{WINDOW}]))"
_BUCKETS = f"last_over_time(http_server_request_duration_seconds_bucket[{WINDOW}])"
# Those that all instances have: the others are left out where a response time is promised.
BOUNDS = (
    f"count by (job, le) (group by (job, instance, le) ({_BUCKETS}))"
    f" == on (job) group_left () count by (job) (group by (job, instance) ({_BUCKETS}))"
)
REQUESTS = f"count by (job) (last_over_time(http_server_request_duration_seconds_count[{WINDOW}]))"
# Native histograms have no bounds: they know every threshold.
NATIVE = f"count by (job) (histogram_count(last_over_time(http_server_request_duration_seconds[{WINDOW}])))"
USERS = f'count by (service) (last_over_time(reduse_user_requests_total{{identity="user"}}[{WINDOW}]))'
# What the agent reads by itself has an interval as a service has.
STORES = f"count by (job) (last_over_time({{__name__=~'reduse_(postgresql|rabbitmq)_up'}}[{WINDOW}]))"
LIMITS = f'count by (service, limit) (last_over_time(reduse_rate_limit_rejected_total{{policy=""}}[{WINDOW}]))'
POLICIES = f"count by (service, policy) (last_over_time(reduse_policy_requests_total[{WINDOW}]))"
POLICY_LIMITS = (
    f'count by (service, policy, limit) (last_over_time(reduse_rate_limit_rejected_total{{policy!=""}}[{WINDOW}]))'
)

# Of the interval: clocks and schedulers are not exact.
TOLERANCE = 0.3


class Sample(Protocol):
    """Of an instant vector."""

    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def value(self) -> float: ...


class Store(Protocol):
    """What answers PromQL."""

    def query(self, promql: str, at: float | None = None) -> Sequence[Sample]: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What the store has of services, by their `job`.

    Seconds between exports, bounds of response times that all instances have (none of native histograms), who had
    requests, whose users are counted, the limits that are tried, the policies with requests and their limits
    (`60/minute`), and which jobs are databases and brokers.
    """

    intervals: Mapping[str, float] = field(default_factory=dict)
    bounds: Mapping[str, frozenset[float]] = field(default_factory=dict)
    served: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    limits: Mapping[str, frozenset[float]] = field(default_factory=dict)
    stores: frozenset[str] = frozenset()
    policies: Mapping[str, frozenset[str]] = field(default_factory=dict)
    policy_limits: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    @property
    def jobs(self) -> tuple[str, ...]:
        """Services that report, without what is read by the agent and the pipeline's own parts."""
        return tuple(sorted((self.served | self.users | set(self.intervals)) - PIPELINE_JOBS - self.stores))


def look(store: Store) -> Seen:
    """Ask the store; it raises as its `query` does."""
    bounds: dict[str, set[float]] = defaultdict(set)
    for sample in store.query(BOUNDS):
        bounds[sample.labels["job"]].add(float(sample.labels["le"]))
    limits: dict[str, set[float]] = defaultdict(set)
    for sample in store.query(LIMITS):
        limits[sample.labels["service"]].add(float(sample.labels["limit"]))
    policies: dict[str, set[str]] = defaultdict(set)
    for sample in store.query(POLICIES):
        policies[sample.labels["service"]].add(sample.labels["policy"])
    policy_limits: dict[tuple[str, str], set[str]] = defaultdict(set)
    for sample in store.query(POLICY_LIMITS):
        policy_limits[sample.labels["service"], sample.labels["policy"]].add(sample.labels["limit"])
    served = {sample.labels["job"] for query in (REQUESTS, NATIVE) for sample in store.query(query)}
    return Seen(
        {sample.labels["job"]: sample.value for sample in store.query(INTERVALS)},
        {job: frozenset(found) for job, found in bounds.items()},
        frozenset(served),
        frozenset(sample.labels["service"] for sample in store.query(USERS)),
        {job: frozenset(found) for job, found in limits.items()},
        frozenset(sample.labels["job"] for sample in store.query(STORES)),
        {job: frozenset(found) for job, found in policies.items()},
        {policy: frozenset(found) for policy, found in policy_limits.items()},
    )


def judge(company: Company, seen: Seen) -> Iterator[Finding]:
    """What each service of the file lacks, and which services are not in it."""
    for service in company.services:
        yield from _judge(service, seen)
    known = {part.job for part in company.parts}
    for job in seen.jobs:
        if job not in known:
            told = "reports but is not in the file: its objective is an availability of 99.5%"
            yield note(job, told, "add it to `services` to set other objectives")


def _judge(service: Service, seen: Seen) -> Iterator[Finding]:
    job = service.job
    if job not in seen.jobs:
        near = [other for other in seen.jobs if other.rpartition("/")[2] == service.name]
        cure = (
            f"its job is {near[0]}: give its `namespace`"
            if near
            else f"start it with OTEL_SERVICE_NAME={service.name} and OTEL_EXPORTER_OTLP_ENDPOINT of the agent"
        )
        yield missing(job, "does not report", cure)
        return
    found = [*_interval(service, seen), *_bounds(service, seen), *_users(service, seen), *_policies(service, seen)]
    yield from found
    if not found:
        yield ok(job, "reports as described in the file")


def _interval(service: Service, seen: Seen) -> Iterator[Finding]:
    interval = seen.intervals.get(service.job)
    expected = service.export_interval
    if interval is not None and abs(interval - expected) > TOLERANCE * expected:
        told = f"exports each {duration.text(round(interval, 1))}, and not each {duration.text(expected)}"
        cure = (
            f"write `export_interval: {duration.text(round(interval, 1))}`, "
            f"or set OTEL_METRIC_EXPORT_INTERVAL={expected * 1000:.0f} for it"
        )
        yield missing(service.job, told, cure)


def _bounds(service: Service, seen: Seen) -> Iterator[Finding]:
    job = service.job
    if job not in seen.served:
        yield note(job, "has not answered any request yet: its bounds are unknown")
        return
    bounds = seen.bounds.get(job)
    if not bounds:
        return
    for objective in service.objectives:
        if objective.threshold is not None and objective.threshold not in bounds:
            told = f"not all of its instances have the bound {duration.text(objective.threshold)} of response times"
            wanted = ",".join(f"{bound:g}" for bound in sorted({objective.threshold, *service.duration_bounds}))
            yield missing(job, told, f"set REDUSE_DURATION_BOUNDS={wanted} for it, or take another threshold")


def _users(service: Service, seen: Seen) -> Iterator[Finding]:
    job = service.job
    if service.users and job not in seen.users:
        told = "no user of it has been counted"
        yield missing(job, told, "set REDUSE_USER_RESOLVERS for it, or write `users: false`")
    elif not service.users and job in seen.users:
        yield note(job, "its users are counted", "write `users: true` to have RPS per user as a row")
    tried = seen.limits.get(job, frozenset())
    for limit in service.limits:
        if tried and limit.requests_per_second not in tried:
            told = f"the processor does not try a limit of {limit.requests_per_second:g} requests a second"
            known = ", ".join(f"{each:g}" for each in sorted(tried))
            yield missing(job, told, f"add it to REDUSE_PROCESSOR_LIMITS, or take one of {known}")


def _policies(service: Service, seen: Seen) -> Iterator[Finding]:
    job = service.job
    if job not in seen.users or not service.policies:
        return
    counted = seen.policies.get(job, frozenset())
    if not counted:
        ((name, text),) = service_settings(service).items()
        yield missing(job, "no request has been counted under its policies", f"set {name}={shlex.quote(text)} for it")
        return
    for policy in service.policies:
        if policy.name not in counted:
            told = f"no request has been counted under the policy {policy.name}"
            yield note(job, told, "look whether its routes are as RED has them in http_route")
            continue
        tried = seen.policy_limits.get((job, policy.name), frozenset())
        for limit in policy.limits:
            if str(limit.rate) not in tried:
                told = f"the processor does not try a limit of {limit.rate} under the policy {policy.name}"
                yield missing(job, told, f"`./reduse watch policies` prints {PROCESSOR_SETTING} for it")
