"""The users of a service and its policies, as `./reduse top` shows them."""

from collections.abc import Mapping
from dataclasses import asdict

from reduse.operation import top
from reduse.operation.top_policies import policies
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
        by_policy = policies(self._client, self._service, top.WINDOW)
        return {
            "time": now,
            "window": top.WINDOW_SECONDS,
            "users": [user.as_dict() for user in found],
            "policies": [asdict(load) for load in by_policy],
        }
