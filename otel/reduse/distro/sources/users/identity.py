"""Who sent a request, as it is reported: the resolvers in their order, then the pseudonym."""

import logging
import traceback
from collections.abc import Callable, Sequence
from http import HTTPStatus
from threading import Lock

from reduse.distro.base.semantic_conventions import error_type
from reduse.distro.base.settings import Settings, UserMode
from reduse.distro.base.user_routes import counted_routes
from reduse.distro.sources.users.plain import plain
from reduse.distro.sources.users.pseudonym import cached_pseudonyms
from reduse.distro.sources.users.resolvers.registry import resolvers_of
from reduse.distro.sources.users.resolvers.resolver import Resolver, Scope, is_verified

# The user of a request that was answered: its scope, status and route template; None is unidentified.
Identify = Callable[[Scope, int | None, str | None], str | None]

_UNAUTHORIZED = int(HTTPStatus.UNAUTHORIZED)

_logger = logging.getLogger(__name__)


class Identification:
    """Finds the user of each request.

    Args:
        resolvers: asked in turn; the first answer wins.
        reported: what goes out in the place of an id.
        counted: whether requests of a route template are counted by user; None means all are.
    """

    __slots__ = ("_counted", "_errors", "_lock", "_reported", "_resolvers", "_verified")

    def __init__(
        self,
        resolvers: Sequence[Resolver],
        reported: Callable[[str], str],
        counted: Callable[[str | None], bool] | None = None,
    ) -> None:
        self._resolvers = tuple(resolvers)
        self._verified = tuple(filter(is_verified, resolvers))
        self._reported = reported
        self._counted = counted
        self.reset()

    def reset(self) -> None:
        """Forget the errors, with a lock of our own: for a forked child."""
        self._lock = Lock()
        self._errors = 0

    @property
    def errors(self) -> int:
        """Requests that stayed unidentified because a resolver raised."""
        return self._errors

    def user(self, scope: Scope, status: int | None, template: str | None) -> str | None:
        """The user of a request as it is reported; None when it is unidentified. Never raises.

        A request that was answered 401 lacks valid credentials (RFC 9110, section 15.5.2): whoever is named in them
        did not send it. Then only those resolvers are asked that do not take the request's own word.
        """
        if self._counted is not None and not self._counted(template):
            return None
        try:
            for resolve in self._resolvers if status != _UNAUTHORIZED else self._verified:
                user_id = resolve(scope)
                if user_id:
                    return self._reported(user_id)
        except Exception as error:  # noqa: BLE001 - plug-ins are not ours, and the response is on its way
            self._failed(error)
        return None

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self._errors += 1
            first = self._errors == 1
        if first:
            # Not the error's own words: they may have the id in them.
            place = traceback.extract_tb(error.__traceback__)[-1]
            _logger.warning(
                "a resolver of REDUSE_USER_RESOLVERS raised %s at %s:%s: such requests count as unidentified; "
                "further errors are counted in reduse.distro.resolver.errors",
                error_type(error),
                place.filename,
                place.lineno,
            )


def identification(settings: Settings) -> Identification:
    """What the settings ask for. Without a key for pseudonyms, every request is unidentified.

    Raises:
        ConfigurationError: a resolver cannot be made.
    """
    resolvers = resolvers_of(settings.user_resolvers)
    counted = counted_routes(settings.user_routes) if settings.user_routes else None
    if settings.user_mode is UserMode.PLAIN:
        return Identification(resolvers, plain, counted)
    if settings.user_hash_key is None:
        return Identification((), plain)
    return Identification(resolvers, cached_pseudonyms(settings.user_hash_key), counted)
