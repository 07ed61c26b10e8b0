"""The settings that follow from a company's policies: of each service, and of the processor."""

from collections.abc import Mapping

from reduse.policies import written
from reduse.watch.company import Company
from reduse.watch.service import PolicyLimit, Service

SERVICE_SETTING = "REDUSE_USER_POLICIES"
PROCESSOR_SETTING = "REDUSE_PROCESSOR_POLICY_LIMITS"


def service_settings(service: Service) -> Mapping[str, str]:
    """What a service needs in its environment; nothing where it has no policies."""
    if not service.policies:
        return {}
    return {SERVICE_SETTING: written(policy.listed for policy in service.policies)}


def processor_settings(company: Company) -> Mapping[str, str]:
    """What every processor needs in its environment; nothing where no policy has a limit."""
    limits = ";".join(
        f"{service.job}/{policy.name}={','.join(map(_limit, policy.limits))}"
        for service in company.services
        for policy in service.policies
        if policy.limits
    )
    return {PROCESSOR_SETTING: limits} if limits else {}


def _limit(limit: PolicyLimit) -> str:
    return str(limit.rate) if limit.burst is None else f"{limit.rate}@{limit.burst:.12g}"
