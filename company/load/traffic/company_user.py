"""What all users have in common. Each task is one request, so that a rate of tasks is a rate of requests."""

from typing import Any

from locust import between
from locust.contrib.fasthttp import FastHttpUser

# Shorter than the wait for requests at the end, so that each is counted before the report is written.
NETWORK_TIMEOUT_SECONDS = 8.0
CONNECTION_TIMEOUT_SECONDS = 3.0
STOP_TIMEOUT_SECONDS = 12.0


class CompanyUser(FastHttpUser):
    """A user of one service."""

    abstract = True
    service: str
    network_timeout = NETWORK_TIMEOUT_SECONDS
    connection_timeout = CONNECTION_TIMEOUT_SECONDS
    wait_time = between(0.05, 0.5)

    def context(self) -> dict[str, str]:
        """What the counter is told with each request."""
        return {"service": self.service}

    def send(self, method: str, path: str, name: str, fine: tuple[int, ...] = (), **options: Any) -> Any:
        """The JSON answered, or None when there was no success; statuses in `fine` are not failures."""
        with self.client.request(method, path, name=name, catch_response=True, **options) as response:
            if response.status_code in fine:
                response.success()
            elif 200 <= response.status_code < 300:
                return response.json()
            return None
