"""What follows from a company's policies is what services and the processor read."""

import pytest
from hypothesis import given

from reduse.distro.base.settings import Settings
from reduse.processor.core.ladder import parse_policy_limits
from reduse.watch.company import Company
from reduse.watch.policies import PROCESSOR_SETTING, SERVICE_SETTING, processor_settings, service_settings
from reduse.watch.reading import parse
from tests.watch import strategies

BURST_SECONDS = 2.0


def test_settings_are_as_people_write_them() -> None:
    company = parse(
        """
        company: x
        services:
          - name: mes-api
            namespace: eu
            users: true
            policies:
              - name: price
                routes: [POST /partner/price, "* /quotes/*"]
                limits: [{requests: 60, per: minute, burst: 20, refused: 1%}, {requests: 1000, per: hour}]
              - {name: jobs, routes: [get /jobs]}
          - {name: shop-api, users: true}
        """
    )
    mes, shop = company.services
    assert service_settings(mes) == {SERVICE_SETTING: "price=POST /partner/price,* /quotes/*;jobs=GET /jobs"}
    assert service_settings(shop) == {}
    assert processor_settings(company) == {PROCESSOR_SETTING: "eu/mes-api/price=60/minute@20,1000/hour"}


@pytest.mark.slow
@given(strategies.companies())
def test_whatever_is_in_the_file_is_read_back(company: Company) -> None:
    for service in company.services:
        settings = Settings.from_environment(service_settings(service))
        assert [policy.name for policy in settings.user_policies] == [policy.name for policy in service.policies]
        assert [tuple(map(str, each.endpoints)) for each in settings.user_policies] == [
            policy.routes for policy in service.policies
        ]
    read = parse_policy_limits(processor_settings(company).get(PROCESSOR_SETTING, ""), BURST_SECONDS)
    assert {name: {str(each.limit) for each in limits} for name, limits in read.items()} == {
        (service.job, policy.name): {str(limit.rate) for limit in policy.limits}
        for service in company.services
        for policy in service.policies
        if policy.limits
    }
