"""Settings that are not the stack's: some are handed on to its parts, checked by whom they belong to."""

import os
from collections.abc import Collection

from pydantic import ValidationError

from reduse.distro.base import settings as distro
from reduse.distro.base.duration_bounds import SETTING as BOUNDS_SETTING
from reduse.distro.base.errors import ConfigurationError
from reduse.errors import SettingError
from reduse.processor import settings as processor
from reduse.settings import agent_shards, parts

# Handed on to the services here. How users are told apart is said for each service.
SHARDS_SETTING = "REDUSE_USER_SHARDS"
DISTRO_SETTINGS = frozenset({"REDUSE_USER_LIMIT", SHARDS_SETTING, BOUNDS_SETTING})
PROCESSOR_SETTINGS = frozenset(setting.name for setting in parts.OF_PROCESSORS)
WORKER_SETTINGS = PROCESSOR_SETTINGS | {setting.name for setting in parts.OF_WORKERS}


def of_collector(collector: str) -> frozenset[str]:
    """What the files of this collector read."""
    return frozenset(setting.name for setting in parts.OF_CONFIGURATION if setting.readers == (collector,))


def given(names: Collection[str]) -> dict[str, str]:
    """Those of `names` that are in the environment."""
    return {name: os.environ[name] for name in sorted(names) if name in os.environ}


def check(*, kafka: bool) -> None:
    """Raise `SettingError` when the processor or the services would refuse what is handed on to them.

    `kafka`: the processors are workers on Kafka.
    """
    prefix = processor.PREFIX
    handed = {name.removeprefix(prefix).lower(): text for name, text in given(PROCESSOR_SETTINGS).items()}
    try:
        processor.Settings.model_validate({"state_dir": ".", **handed})
        shards = distro.Settings.from_environment(given(DISTRO_SETTINGS)).user_shards
    except ValidationError as error:
        first = error.errors()[0]
        message = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:
            # Of several settings, which the message names.
            raise SettingError(f"{message}.") from None
        name = prefix + str(first["loc"][0]).upper()
        raise SettingError(f"{name}={first['input']!r}: {message}. Give it another value, or unset it.") from None
    except ConfigurationError as error:
        raise SettingError(f"{error}.") from None
    at_the_agent = os.environ.get(agent_shards.SETTING, "").strip()
    agent_shards.read(at_the_agent)
    for name, text in {SHARDS_SETTING: str(shards) if shards > 1 else "", agent_shards.SETTING: at_the_agent}.items():
        if text and not kafka:
            raise SettingError(
                f"{name}={text} is for processors that share a service's users: start them with --kafka, or unset it."
            )
