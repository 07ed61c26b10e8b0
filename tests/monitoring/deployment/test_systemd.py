"""The agent's unit is a company's by a drop-in."""

import re

from reduse.monitoring.deployment import systemd
from tests.monitoring.deployment.companies import ORIGIN, odd, services_only


def test_every_file_is_a_credential_from_where_it_is_or_from_the_folder_of_credentials() -> None:
    [text] = systemd.documents(odd(), ORIGIN).values()
    credentials = dict(
        line.removeprefix("LoadCredential=").split(":", 1) for line in re.findall("LoadCredential=.*", text)
    )
    assert credentials["other"] == "/etc/reduse/credentials/other"
    assert [source for source in credentials.values() if source.startswith("/etc/stock")] == ["/etc/stock %%1/password"]
    assert len(credentials) == 6
    assert f"--config {systemd.INSTALLED}" in text


def test_a_company_of_services_needs_no_credential() -> None:
    [text] = systemd.documents(services_only(), ORIGIN).values()
    assert "LoadCredential" not in text
    assert text.startswith("# Generated from watch.yaml")
