"""Which store is asked and what it is shown; half a setting is one line that names the other half."""

from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.operation.access import OwnStore, alertmanager_url, own_access, remember, store_access
from reduse.settings.stack import Settings

URL = "https://mimir.example.org/prometheus"


def settings(tmp_path: Path, **given: object) -> Settings:
    return Settings.model_validate({"state_dir": tmp_path, **given})


def secret(tmp_path: Path, content: str) -> Path:
    file = tmp_path / "secret"
    file.write_text(content)
    return file


def test_without_a_setting_it_is_the_stacks_own(tmp_path: Path) -> None:
    assert store_access(settings(tmp_path, prometheus_port=9191)).url == "http://127.0.0.1:9191"
    victoria = settings(tmp_path, store="victoriametrics", victoriametrics_port=8429)
    assert store_access(victoria).url == "http://127.0.0.1:8429"
    assert "REDUSE_VICTORIAMETRICS_PORT" in store_access(victoria).address_setting


def test_the_stacks_own_is_as_it_was_started_last(tmp_path: Path) -> None:
    remember(settings(tmp_path), OwnStore("victoriametrics", secure=False))
    assert own_access(settings(tmp_path)).url == "http://127.0.0.1:8428"


def test_a_store_elsewhere_is_shown_a_password_or_a_token_from_a_file(tmp_path: Path) -> None:
    file = secret(tmp_path, "secret\n")
    found = store_access(settings(tmp_path, store_url=f"{URL}/", store_user="u", store_password_file=file))
    assert (found.url, found.authorization) == (URL, "Basic dTpzZWNyZXQ=")
    found = store_access(settings(tmp_path, store_url=URL, store_token_file=file, store_tenant="team-1"))
    assert dict(found.headers) == {"Authorization": "Bearer secret", "X-Scope-OrgID": "team-1"}
    # Who starts the stack waits for its own.
    assert own_access(settings(tmp_path, store_url=URL)).url == "http://127.0.0.1:9090"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"store_user": "u"}, "REDUSE_STORE_URL"),
        ({"store_url": URL, "store_user": "u"}, "REDUSE_STORE_PASSWORD_FILE"),
        ({"store_url": URL, "store_password_file": "FILE"}, "REDUSE_STORE_USER"),
        ({"store_url": URL, "store_token_file": "FILE", "store_user": "u"}, "unset one"),
        ({"store_url": URL, "store_token_file": "/nowhere"}, "REDUSE_STORE_TOKEN_FILE=/nowhere: No such file"),
        ({"store_url": URL, "store_ca_file": "/nowhere"}, "REDUSE_STORE_CA_FILE=/nowhere: No such file"),
        ({"store_url": URL, "store_ca_file": "FILE"}, "REDUSE_STORE_CA_FILE"),
        ({"store_url": "https://u:secret@example.org"}, "REDUSE_STORE_USER"),
    ],
)
def test_half_a_setting_is_refused_with_the_cure(tmp_path: Path, given: dict[str, str], named: str) -> None:
    file = secret(tmp_path, "secret")
    filled = {name: file if value == "FILE" else value for name, value in given.items()}
    with pytest.raises(SettingError) as caught:
        store_access(settings(tmp_path, **filled))
    assert named in str(caught.value)
    assert "secret\n" not in str(caught.value)
    assert "u:secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_alertmanager_is_the_one_that_is_named_or_the_stacks_own(tmp_path: Path) -> None:
    assert alertmanager_url(settings(tmp_path, alertmanager_port=9999)) == "http://127.0.0.1:9999"
    elsewhere = settings(tmp_path, alertmanager_url="https://alerts.example.org/am/")
    assert alertmanager_url(elsewhere) == "https://alerts.example.org/am"
