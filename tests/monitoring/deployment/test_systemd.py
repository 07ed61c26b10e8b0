"""Units are a company's by drop-ins."""

import re

from reduse.monitoring.deployment import systemd
from tests.monitoring.deployment.companies import ORIGIN, odd, services_only, with_policies


def test_every_file_is_a_credential_from_where_it_is_or_from_the_folder_of_credentials() -> None:
    text = systemd.documents(odd(), ORIGIN)[systemd.DROP_IN]
    credentials = dict(
        line.removeprefix("LoadCredential=").split(":", 1) for line in re.findall("LoadCredential=.*", text)
    )
    assert credentials["other"] == "/etc/reduse/credentials/other"
    assert [source for source in credentials.values() if source.startswith("/etc/stock")] == ["/etc/stock %%1/password"]
    assert len(credentials) == 6
    assert f"--config {systemd.INSTALLED}" in text


def test_a_company_of_services_needs_no_credential() -> None:
    text = systemd.documents(services_only(), ORIGIN)[systemd.DROP_IN]
    assert "LoadCredential" not in text
    assert text.startswith("# Generated from watch.yaml")


def test_the_processors_unit_has_the_limits_of_policies() -> None:
    text = systemd.documents(with_policies(), ORIGIN)[systemd.PROCESSOR_DROP_IN]
    assert 'Environment="REDUSE_PROCESSOR_POLICY_LIMITS=100 %% oven/price=60/minute,5/day@2"' in text.splitlines()
    assert "Environment" not in systemd.documents(services_only(), ORIGIN)[systemd.PROCESSOR_DROP_IN]
