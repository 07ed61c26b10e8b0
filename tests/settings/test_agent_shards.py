"""REDUSE_AGENT_USER_SHARDS is read as the agent reads it, which is tested with the same examples."""

import pytest

from reduse.errors import SettingError
from reduse.settings import agent_shards, passthrough
from tests.collector.shard_vectors import BAD_SETTINGS, GOOD_SETTINGS


@pytest.mark.parametrize("text", GOOD_SETTINGS)
def test_a_setting_names_services_and_their_shards(text: str) -> None:
    assert agent_shards.read(text) == GOOD_SETTINGS[text]


@pytest.mark.parametrize("text", BAD_SETTINGS)
def test_a_wrong_one_is_one_line_with_name_value_and_cure(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("REDUSE_AGENT_USER_SHARDS", text)
    with pytest.raises(SettingError, match=r"^REDUSE_AGENT_USER_SHARDS='[^\n]*': [^\n]*write SERVICE=SHARDS"):
        passthrough.check(kafka=True)


def test_it_needs_workers_who_share_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDUSE_AGENT_USER_SHARDS", "billing-go=8,eu/search-node=4")
    passthrough.check(kafka=True)
    with pytest.raises(SettingError, match=r"REDUSE_AGENT_USER_SHARDS=billing-go=8,eu/search-node=4 .* --kafka"):
        passthrough.check(kafka=False)
    monkeypatch.setenv("REDUSE_AGENT_USER_SHARDS", "")
    passthrough.check(kafka=False)


def test_the_stack_hands_it_on_to_the_agent_alone() -> None:
    assert agent_shards.SETTING in passthrough.of_collector("agent")
    assert agent_shards.SETTING not in passthrough.of_collector("gateway")
