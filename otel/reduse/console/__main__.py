"""`python -m reduse.console`: the console on a port of 127.0.0.1, for the company and the store of the settings."""

import asyncio
import logging
import sys
from functools import partial
from typing import cast

import uvicorn

from reduse.console.application import Console, application
from reduse.console.entrance import Entrance
from reduse.console.ladder import LadderSource
from reduse.console.refusals import Refusals
from reduse.console.replayed import ReplayedSource
from reduse.errors import StackError
from reduse.http_connection import HEAD_BYTES, Connection, ConnectionBounds, Gate
from reduse.monitoring import companies
from reduse.operation import access
from reduse.recommendation.reading import TIMEOUT_SECONDS
from reduse.settings import secret_files
from reduse.settings.stack import Settings, read

HOST = "127.0.0.1"
# Streams have no end of their own.
GRACE_SECONDS = 1
# A browser has six, of which each page that is open keeps one.
BOUNDS = ConnectionBounds(connections=256)


def main() -> None:
    """Until it is told to end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # One line for each question would be all there is.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        serve(read(Settings))
    except StackError as error:
        sys.stderr.write(f"reduse.console: {error}\n")
        sys.exit(error.exit_code)


def serve(settings: Settings) -> None:
    """Raises SettingError for settings that it cannot do."""
    company = companies.load(settings.watch_file)
    with access.store(settings, timeout=TIMEOUT_SECONDS) as client:
        source = ReplayedSource(lambda: settings.history_dirs, LadderSource(client))
        refusals = Refusals()
        console = Console(company, client, source, entrance(settings), refusals)
        connection = partial(Connection, gate=Gate(BOUNDS, refusals))
        uvicorn.run(
            application(console),
            http=cast("type[asyncio.Protocol]", connection),
            ws="none",
            h11_max_incomplete_event_size=HEAD_BYTES,
            host=HOST,
            port=settings.console_port,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )


def entrance(settings: Settings) -> Entrance | None:
    """With security on, who has the token in this file."""
    if not settings.security:
        return None
    token = secret_files.read(settings.secrets_dir, access.CONSOLE_TOKEN)
    return Entrance(token, settings.console_port, str(settings.secrets_dir / access.CONSOLE_TOKEN))


if __name__ == "__main__":
    main()
