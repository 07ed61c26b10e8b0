"""The users of a service, as `./reduse top` shows them."""

from collections.abc import Mapping

from reduse.operation import top
from reduse.store.client import StoreClient

INTERVAL = 2.0
"""Seconds between two rounds: loads are means of ten seconds."""


class UsersFeed:
    interval = INTERVAL

    def __init__(self, client: StoreClient, service: str) -> None:
        self._client = client
        self._service = service

    def refresh(self, now: float) -> Mapping[str, object]:
        """Raises QueryError."""
        found = top.users(self._client, self._service)
        return {"time": now, "window": top.WINDOW, "users": [user.as_dict() for user in found]}
