"""Each file of a company has a name of its own where they are all in one folder."""

import re

from reduse.monitoring.deployment import secrets
from tests.monitoring.deployment.companies import odd, services_only


def test_the_last_part_of_a_path_is_the_name_where_it_is_the_only_one() -> None:
    names = secrets.names(odd())
    assert names["${env:CERTIFICATES:-/etc/ssl}/ca.crt"] == "ca.crt"
    assert names["${env:REDUSE_SECRETS_DIR}/rabbit"] == "rabbit"
    assert names["secrets/other"] == "other"


def test_all_names_are_different_and_may_be_keys_of_a_secret() -> None:
    names = secrets.names(odd())
    assert len(set(names.values())) == len(names) == 6
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,250}", name) for name in names.values())
    assert [
        re.sub("[0-9a-f]{8}$", "", names[path]) for path in ("secrets/password", "/etc/stock %1/password", "Пароль")
    ] == [
        *("password-", "password-", "file-"),
    ]


def test_the_agent_finds_them_in_the_folder_that_it_is_told() -> None:
    placed = secrets.placed(odd())
    assert placed("secrets/other") == "${env:REDUSE_SECRETS_DIR}/other"


def test_a_company_of_services_has_none() -> None:
    assert secrets.names(services_only()) == {}
