"""Export requests of users who have one request each and are never seen again, beside some true ones."""

import re
from collections.abc import Iterator, Mapping

import numpy as np

from tests.processor.exports import SECOND, point, request

IN_A_REQUEST = 16_670
INSTANCE = "attacker"
_PLACEHOLDER = "f" * 16
_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)


def invented(
    start: int, users: int, random: np.random.Generator, service: str, instance: str = INSTANCE
) -> Iterator[bytes]:
    """Encoded requests of the second from `start` on (Unix ns), with so many users in all, rounded up to whole ones."""
    made = request([point(start, start + SECOND, 1, _PLACEHOLDER)] * IN_A_REQUEST, service, instance)
    encoded = made.SerializeToString()
    body = np.frombuffer(encoded, np.uint8).copy()
    first = np.array([found.start() for found in re.finditer(_PLACEHOLDER.encode(), encoded)])
    assert len(first) == IN_A_REQUEST
    places = first[:, None] + np.arange(len(_PLACEHOLDER))
    for _ in range(-(-users // IN_A_REQUEST)):
        body[places] = _DIGITS[random.integers(0, 16, places.shape, np.uint8)]
        yield body.tobytes()


def true(service: str, start: int, users: Mapping[str, int], anonymous: int) -> bytes:
    """The encoded request of the true users' requests in that second."""
    points = [point(start, start + SECOND, count, user) for user, count in users.items()]
    return request([*points, point(start, start + SECOND, anonymous)], service, INSTANCE).SerializeToString()
