"""The console is a part of the stack that asks what commands ask, and its address is the last that is printed."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from reduse.cli.stack import show_addresses
from reduse.settings.stack import Settings, read
from reduse.stack import compiled, console, identity
from reduse.stack.installation import Installation


@pytest.mark.parametrize("security", [False, True])
def test_its_address_is_printed_last_and_with_security_where_the_token_is(tmp_path: Path, security: bool) -> None:
    settings = Settings(state_dir=tmp_path, console_port=8123, security=security)
    written = io.StringIO()
    show_addresses(Installation.of(settings), Console(file=written, width=200))
    *_, last = [line for line in written.getvalue().splitlines() if "http" in line]
    assert last.split() == ["Console", "http://127.0.0.1:8123"]
    assert (f"token in {tmp_path / 'secrets' / 'console_token'}" in written.getvalue()) is security


def test_its_process_has_the_settings_of_the_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDUSE_STORE_URL", "http://127.0.0.1:9999/prometheus")
    settings = Settings(state_dir=tmp_path, console_port=8123, prometheus_port=9123, security=True)
    environment = console.part(settings).environment
    for name in Settings.model_fields:
        monkeypatch.delenv(f"REDUSE_{name.upper()}", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = read(Settings)
    assert found.ports() == settings.ports()
    assert (found.state_dir, found.watch, found.security) == (tmp_path, settings.watch_file, True)
    assert found.store_url == "http://127.0.0.1:9999/prometheus"


@pytest.mark.parametrize("privileged", [False, True])
def test_as_a_user_of_its_own_it_keeps_what_it_compiles_in_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, privileged: bool
) -> None:
    monkeypatch.setattr(identity, "privileged", lambda: privileged)
    part = console.part(Settings(state_dir=tmp_path))
    kept = part.environment.get(compiled.VARIABLE)
    assert (kept is not None) is privileged
    assert kept is None or Path(kept).parent in part.owns
