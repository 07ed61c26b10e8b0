"""A word about values that name no user, because they are others at each login."""

import logging
from collections.abc import Callable

# How a JSON object begins in base64: a JSON Web Token (RFC 7519), and a session that Starlette or Flask has signed.
SIGNED_DATA = tuple(scheme + b"eyJ" for scheme in (b"", b"Bearer ", b"bearer ", b"Token ", b"JWT "))

_logger = logging.getLogger(__name__)


def signed_data_notice(origin: str) -> Callable[[], None]:
    """What says once that a resolver, such as `cookie:session`, finds values that begin with `SIGNED_DATA`."""
    told = False

    def notice() -> None:
        nonlocal told
        if not told:
            told = True
            _logger.warning(
                "REDUSE_USER_RESOLVERS: %s contains signed data, which changes at each login: each login counts as "
                "another user. Use %s:jwt:sub for a claim of a JSON Web Token, or session:user_id for a session value",
                origin,
                origin,
            )

    return notice
