"""Who sent a request, as it is reported: the resolvers in their order, then the pseudonym."""

import logging
import traceback
from collections.abc import Callable, Sequence
from threading import Lock

from reduse.distro.base.accepted_statuses import ACCEPTED_STATUSES
from reduse.distro.base.harmless import is_the_services
from reduse.distro.base.semantic_conventions import error_type
from reduse.distro.base.settings import Settings, UserMode
from reduse.distro.base.user_routes import listed_routes
from reduse.distro.sources.users.acceptance import counts
from reduse.distro.sources.users.plain import plain
from reduse.distro.sources.users.pseudonym import cached_pseudonyms
from reduse.distro.sources.users.resolvers.identifier import UnfitAnswerError
from reduse.distro.sources.users.resolvers.registry import resolvers_of
from reduse.distro.sources.users.resolvers.resolver import Resolver, Scope, is_verified

# The user of a request that was answered: its scope, status, route template, and whether that is a mount's and no
# route's; None is unidentified.
Identify = Callable[[Scope, int | None, str | None, bool], str | None]

# More than routes times statuses of most services; beyond, the rule is asked at each request.
REMEMBERED_ANSWERS = 4096

Routes = Callable[[str | None], bool]

_logger = logging.getLogger(__name__)


class Identification:
    """Finds the user of each request.

    Args:
        resolvers: asked in turn; the first answer wins.
        reported: what goes out in the place of an id.
        counted: whether requests of a route template are counted by user; None means all are.
        public: whether a route template checks no credentials; None means that none is known not to.
        accepted: statuses that show that a claim was believed.
    """

    __slots__ = (
        "_accepted",
        "_asked",
        "_claims",
        "_counted",
        "_errors",
        "_lock",
        "_public",
        "_reported",
        "_resolvers",
        "_verified",
    )

    def __init__(
        self,
        resolvers: Sequence[Resolver],
        reported: Callable[[str], str],
        counted: Routes | None = None,
        public: Routes | None = None,
        accepted: frozenset[int] = ACCEPTED_STATUSES,
    ) -> None:
        self._resolvers = tuple(resolvers)
        self._verified = tuple(filter(is_verified, resolvers))
        self._claims = self._verified != self._resolvers
        self._reported = reported
        self._counted = counted
        self._public = public
        self._accepted = accepted
        self._asked: dict[tuple[bool, int | None, str | None, bool], tuple[Resolver, ...]] = {}
        self.reset()

    def reset(self) -> None:
        """Forget the errors, with a lock of our own: for a forked child."""
        self._lock = Lock()
        self._errors = 0

    @property
    def errors(self) -> int:
        """Requests that stayed unidentified because a resolver raised."""
        return self._errors

    def user(self, scope: Scope, status: int | None, template: str | None, mounted: bool = False) -> str | None:
        """The user of a request as it is reported; None when it is unidentified. Never raises.

        Where claims do not count, only the resolvers are asked that verify.
        """
        if not self._resolvers:
            return None
        method = scope.get("method")
        # Not the method itself: a request may have any, and the rule knows one.
        answer = (method == "OPTIONS", status, template, mounted)
        try:
            asked = self._asked.get(answer)
            if asked is None:
                asked = self._whom_to_ask(method, status, template, mounted)
                if len(self._asked) < REMEMBERED_ANSWERS:
                    self._asked[answer] = asked
            for resolve in asked:
                user_id = resolve(scope)
                if user_id:
                    return self._reported(user_id)
        except Exception as error:
            # Plug-ins are not ours, and the response is on its way.
            if is_the_services(error):
                raise
            self._failed(error)
        return None

    def _whom_to_ask(
        self, method: str | None, status: int | None, template: str | None, mounted: bool
    ) -> tuple[Resolver, ...]:
        """The resolvers that count for requests which are answered so."""
        if self._counted is not None and not self._counted(template):
            return ()
        if self._claims and not counts(
            verified=False,
            method=method,
            status=status,
            matched=template is not None and not mounted,
            public=self._public is not None and self._public(template),
            accepted=self._accepted,
        ):
            return self._verified
        return self._resolvers

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self._errors += 1
            first = self._errors == 1
        if first:
            _logger.warning(
                "a resolver of REDUSE_USER_RESOLVERS %s: such requests count as unidentified; "
                "further errors are counted in reduse.distro.resolver.errors",
                _told(error),
            )


def _told(error: Exception) -> str:
    if isinstance(error, UnfitAnswerError):
        return f"failed: {error}"
    # Not the error's own words: they may have the id in them.
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"raised {error_type(error)} at {place.filename}:{place.lineno}"


def identification(settings: Settings) -> Identification:
    """What the settings ask for. Without a key for pseudonyms, every request is unidentified.

    Raises:
        ConfigurationError: a resolver cannot be made.
    """
    resolvers = resolvers_of(settings.user_resolvers)
    reported: Callable[[str], str]
    if settings.user_mode is UserMode.PLAIN:
        reported = plain
    elif settings.user_hash_key is not None:
        reported = cached_pseudonyms(settings.user_hash_key)
    else:
        return Identification((), plain)
    return Identification(
        resolvers,
        reported,
        listed_routes(settings.user_routes) if settings.user_routes else None,
        listed_routes(settings.user_public_routes) if settings.user_public_routes else None,
        settings.user_accepted_statuses,
    )
