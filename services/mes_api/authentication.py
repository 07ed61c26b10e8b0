"""Partners are known by an API key."""

import hashlib
import threading
import time
from collections import OrderedDict
from typing import Annotated

from fastapi import Depends, HTTPException, Request, Response, status
from fastapi.concurrency import run_in_threadpool
from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError, BaseUser
from starlette.requests import HTTPConnection

from foundation.database import Database, DatabaseUnavailable
from foundation.service import unavailable_response

API_KEY_HEADER = "x-api-key"
PARTNER_SCOPE = "partner"
# A key that was withdrawn works this much longer at the most.
CACHE_SECONDS = 60.0
CACHE_KEYS = 10_000


class Partner(BaseUser):
    """A partner who showed a valid key; `identity` is the partner's id."""

    def __init__(self, partner_id: str) -> None:
        self._id = partner_id

    @property
    def is_authenticated(self) -> bool:
        """Always: without a valid key there is no partner."""
        return True

    @property
    def display_name(self) -> str:
        """The partner's id."""
        return self._id

    @property
    def identity(self) -> str:
        """The partner's id."""
        return self._id


class PartnerCache:
    """Partners by the digest of their key, the least recently used dropped beyond `CACHE_KEYS`.

    Only valid keys are held, so guessing keys cannot push partners out.
    """

    def __init__(self, size: int = CACHE_KEYS, seconds: float = CACHE_SECONDS) -> None:
        self._size = size
        self._seconds = seconds
        self._entries: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: bytes, now: float) -> str | None:
        """The partner of a digest seen less than `seconds` ago."""
        with self._lock:
            entry = self._entries.get(digest)
            if entry is None:
                return None
            partner_id, expires = entry
            if expires <= now:
                del self._entries[digest]
                return None
            self._entries.move_to_end(digest)
            return partner_id

    def put(self, digest: bytes, partner_id: str, now: float) -> None:
        """Remember a partner."""
        with self._lock:
            self._entries[digest] = (partner_id, now + self._seconds)
            self._entries.move_to_end(digest)
            if len(self._entries) > self._size:
                self._entries.popitem(last=False)


class PartnerBackend(AuthenticationBackend):
    """Finds the partner of the `x-api-key` header; a request without a valid one goes on unauthenticated."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cache = PartnerCache()

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """The partner, or None; AuthenticationError when the database cannot tell."""
        key = conn.headers.get(API_KEY_HEADER)
        if not key:
            return None
        digest = digest_of(key)
        partner_id = self._cache.get(digest, time.monotonic())
        if partner_id is None:
            try:
                partner_id = await run_in_threadpool(self._look_up, digest)
            except DatabaseUnavailable as error:
                raise AuthenticationError(str(error)) from error
        if partner_id is None:
            return None
        return AuthCredentials([PARTNER_SCOPE]), Partner(partner_id)

    def _look_up(self, digest: bytes) -> str | None:
        row = self._database.fetch_one("SELECT id FROM partner WHERE key_sha256 = %s", (digest,))
        if row is None:
            return None
        partner_id: str = row["id"]
        self._cache.put(digest, partner_id, time.monotonic())
        return partner_id


def answer_undecided(_: HTTPConnection, error: Exception) -> Response:
    """503: whether the key is valid could not be looked up."""
    return unavailable_response(error)


async def authenticated_partner(request: Request) -> str:
    """Dependency: the id of the partner who asks; 401 without a valid key."""
    if PARTNER_SCOPE not in request.auth.scopes:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, f"a valid {API_KEY_HEADER} header is needed")
    partner_id: str = request.user.identity
    return partner_id


PartnerOf = Annotated[str, Depends(authenticated_partner)]


def digest_of(key: str) -> bytes:
    """SHA-256 of an API key, 32 bytes. Keys are long and random, so no slow hash is needed."""
    return hashlib.sha256(key.encode()).digest()
