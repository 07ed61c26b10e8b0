"""The console as a part of the stack: its process, and where people look at it."""

import sys
from pathlib import Path

from reduse.operation.access import CONSOLE_TOKEN
from reduse.settings.passthrough import given
from reduse.settings.stack import PREFIX, Settings
from reduse.stack import compiled, security
from reduse.stack.part import AGENT, Part
from reduse.stack.store.interface import Address

# What it asks, where that is not the stack's own.
_ASKED = (
    "alertmanager_url",
    "store_url",
    "store_user",
    "store_password_file",
    "store_token_file",
    "store_ca_file",
    "store_tenant",
)


def part(settings: Settings) -> Part:
    environment = {
        "REDUSE_ROOT": str(settings.root),
        "REDUSE_STATE_DIR": str(settings.state_dir),
        "REDUSE_WATCH": str(settings.watch_file),
        "REDUSE_SECURITY": str(settings.security).lower(),
        **{name: str(port) for name, port in settings.ports().items()},
        **given([PREFIX + field.upper() for field in _ASKED]),
        # What replays limits, compiled at the first question.
        **compiled.environment(settings, "console"),
    }
    return Part(
        "console",
        AGENT,
        [sys.executable, "-m", "reduse.console"],
        environment,
        owns=(settings.data_dir / "console",),
        reads=_secrets(settings) if settings.security else (),
        # It reads their histories.
        joins=tuple(settings.processor_names),
    )


def _secrets(settings: Settings) -> tuple[Path, ...]:
    return settings.secrets_dir / CONSOLE_TOKEN, *security.store_secrets(settings)


def address(settings: Settings) -> Address:
    return Address("Console", f"http://127.0.0.1:{settings.console_port}", guarded=settings.security)


def token_file(settings: Settings) -> str:
    return str(settings.secrets_dir / CONSOLE_TOKEN)
