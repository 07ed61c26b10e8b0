"""A word about values that name no user, because they are others at each login."""

import logging
from collections.abc import Callable

# How a JSON object begins in base64: a JSON Web Token (RFC 7519), and a session that Starlette or Flask has signed.
_SIGNED_DATA = b"eyJ"

_logger = logging.getLogger(__name__)


def changing_value_notice(origin: str) -> Callable[[bytes], None]:
    """What looks at each value of a resolver, such as `cookie:session`, and says once if it is signed data."""
    told = False

    def look(value: bytes) -> None:
        nonlocal told
        if not told and (value.startswith(_SIGNED_DATA) or b" " + _SIGNED_DATA in value[:32]):
            told = True
            _logger.warning(
                "REDUSE_USER_RESOLVERS: %s has signed data, which is other data at each login: each counts as another "
                "user. Use %s:jwt:sub for a claim of a JSON Web Token, or session:user_id for a value in a session",
                origin,
                origin,
            )

    return look
