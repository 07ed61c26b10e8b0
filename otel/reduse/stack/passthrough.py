"""Settings of the distro and of the processor that the stack hands on when its caller has set them."""

import os

from reduse.processor import settings as processor

DISTRO_SETTINGS = frozenset({"REDUSE_USER_LIMIT"})
PROCESSOR_SETTINGS = frozenset(processor.PREFIX + name.upper() for name in processor.Settings.model_fields)


def given(names: frozenset[str]) -> dict[str, str]:
    """Those of `names` that are in the environment."""
    return {name: os.environ[name] for name in sorted(names) if name in os.environ}
