"""Facts about a company, recorded as series, on which the rules join; the rules are the same for all companies.

Rules join on them by their labels, so there are as many rules for two hundred services as for one.
"""

from collections.abc import Iterator

from reduse.monitoring.definition import Rule
from reduse.monitoring.groups import COMPANY, OBJECTIVES, interval
from reduse.monitoring.origin import Origin
from reduse.monitoring.promql import bound
from reduse.monitoring.rules import document as rule_file
from reduse.monitoring.rules import rule_entry
from reduse.monitoring.signals.service import (
    counted_requests,
    error_budget,
    limits,
    objectives,
    policies,
    slow_requests,
)
from reduse.monitoring.table import rows
from reduse.watch.company import Company
from reduse.watch.service import DURATION_BOUNDS, Goal, Service

ROW = "row:info"
"""1 for each row of the table: labels `row`, `job`, `signal`, `service` (for people), `title`."""

BUDGET, REFUSED, PROBE, SERVICE = (
    objectives.PROMISED,
    limits.CONSIDERED,
    counted_requests.PROBE,
    counted_requests.SERVICE,
)
"""Facts about services; the signals that read them document their labels."""


def facts(company: Company) -> tuple[Rule, ...]:
    """All facts about the company, as recording rules."""
    return (
        *_rows(company),
        *(_fact(SERVICE, 1, job=service.job, service=service.shown.read()) for service in company.services),
        *(rule for service in company.services for rule in _objectives(service)),
        *(rule for service in company.services for rule in _limits(service)),
        *(rule for service in company.services for rule in _policies(service)),
        *(rule for service in company.services for rule in _probes(service)),
        *_thresholds(company),
        _recorded_each(company),
    )


def document(company: Company, origin: Origin) -> str:
    """The rule file `company.yaml`, as text."""
    often = interval(COMPANY, len(company.services))
    group = {"name": COMPANY.name, "interval": often, "rules": [rule_entry(rule) for rule in facts(company)]}
    return rule_file([group], header=origin.comment())


def _fact(name: str, value: float, **labels: str) -> Rule:
    return Rule(name, f"vector({value:.12g})", labels)


def _rows(company: Company) -> Iterator[Rule]:
    for row in rows(company):
        yield _fact(
            ROW,
            1,
            row=row.name,
            job=row.job,
            signal=row.signal.name,
            service=row.service.read(),
            title=row.title.read(),
        )


def _objectives(service: Service) -> Iterator[Rule]:
    for objective in service.objectives:
        # An empty label counts as missing.
        threshold = {} if objective.threshold is None else {"threshold": bound(objective.threshold)}
        yield _fact(
            BUDGET,
            objective.budget,
            job=service.job,
            objective=objective.label,
            goal=Goal(objective.goal).value,
            **threshold,
            service=service.shown.read(),
        )


def _limits(service: Service) -> Iterator[Rule]:
    for limit in service.limits:
        yield _fact(REFUSED, limit.refused, service=service.job, limit=f"{limit.requests_per_second:g}")


def _policies(service: Service) -> Iterator[Rule]:
    for policy in service.policies:
        for limit in policy.limits:
            labels = {"service": service.job, "policy": policy.name, "limit": str(limit.rate)}
            yield _fact(policies.REFUSED, limit.refused, **labels)
            if limit.touched is not None:
                yield _fact(policies.TOUCHED, limit.touched, **labels)


def _probes(service: Service) -> Iterator[Rule]:
    for route in service.probes:
        yield _fact(PROBE, 1, job=service.job, http_route=route)


def _thresholds(company: Company) -> Iterator[Rule]:
    """One rule for each objective threshold that is not a standard bucket bound, for native histograms."""
    promised = {each.threshold for service in company.services for each in service.objectives if each.threshold}
    for threshold in sorted(promised - set(DURATION_BOUNDS)):
        yield slow_requests.part_within(threshold)


def _recorded_each(company: Company) -> Rule:
    seconds = float(interval(OBJECTIVES, len(company.services)).removesuffix("s"))
    return _fact(error_budget.RECORDED_EACH, seconds, group=OBJECTIVES.name)
