"""The users of one process: who they are, and what of their requests is not delivered yet."""

from collections.abc import Callable

from reduse.distro.base.settings import Settings
from reduse.distro.sources.users.backlog import Backlog
from reduse.distro.sources.users.delta import UserDelta
from reduse.distro.sources.users.identity import identification


class Users:
    """Finds the user of each request, and keeps each delta until it has arrived.

    Where metrics are scraped there are no users: a scrape may be repeated or lost, and no delta survives that.

    Raises:
        ConfigurationError: a resolver of the settings cannot be made.
    """

    def __init__(self, settings: Settings) -> None:
        self._scraped = settings.scraped
        self.identification = identification(settings.without_users() if settings.scraped else settings)
        self.backlog = Backlog(settings.user_limit, shards=settings.user_shards)
        self._uncollected: list[Callable[[], int]] = []

    def counted_in(self, uncollected: Callable[[], int]) -> None:
        """Users' requests are counted somewhere; `uncollected`: how many there are since the last collection."""
        self._uncollected.append(uncollected)

    def collected(self, delta: UserDelta) -> None:
        """What users sent between two collections, to be delivered."""
        if not self._scraped:
            self.backlog.add(delta)

    @property
    def undelivered(self) -> int:
        """Requests that were counted and are not delivered; an export that waits for the agent holds up newer ones."""
        return self.backlog.requests + sum(uncollected() for uncollected in self._uncollected)

    def reset(self) -> None:
        """Start from nothing: in a forked child, whose parent delivers what was counted."""
        self.identification.reset()
        self.backlog.clear()
