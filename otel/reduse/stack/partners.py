"""The partners of the MES API."""

import os
import sys
from collections.abc import Mapping

from reduse.settings.stack import Settings
from reduse.stack import commands, credentials


def load(settings: Settings, mes_api: Mapping[str, str], cure: str) -> None:
    """Give the MES API its partners, as its operator would. `mes_api`: the environment it runs with."""
    commands.run(
        [
            *[sys.executable, "-m", "mes_api.partners"],
            *["--keys-file", str(settings.secrets_dir / credentials.PARTNER_KEYS)],
        ],
        log=settings.log_dir / "setup.log",
        cure=cure,
        environment={"PATH": os.environ["PATH"], **mes_api},
        directory=settings.root,
    )
