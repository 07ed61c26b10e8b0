"""The rules of a running stack link to the runbooks where its settings say that they are."""

from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.settings.stack import Settings, load_settings
from reduse.stack.store import rules

OWN = "https://wiki.example.org/runbooks/*.md"


def test_alerts_link_to_the_console_of_this_stack_or_to_the_address_that_is_set(tmp_path: Path) -> None:
    by_console = rules.sources(Settings(state_dir=tmp_path, console_port=8123))["queue.yaml"]
    assert "runbook_url: http://127.0.0.1:8123/runbooks/ConsumersGone\n" in by_console
    by_setting = rules.sources(Settings(state_dir=tmp_path, runbook_url=OWN))["queue.yaml"]
    assert "runbook_url: https://wiki.example.org/runbooks/ConsumersGone.md\n" in by_setting
    assert "127.0.0.1" not in by_setting


@pytest.mark.parametrize("address", ['https://example.org/"', "https://example.org/$job", "wiki", "https://a b"])
def test_an_address_that_would_break_a_generated_file_is_refused(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDUSE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("REDUSE_RUNBOOK_URL", address)
    with pytest.raises(SettingError, match="REDUSE_RUNBOOK_URL"):
        load_settings()
