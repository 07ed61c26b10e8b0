"""Users as pseudonyms: the same person is the same 16 digits in every worker, and no one's name leaves the service."""

from collections.abc import Callable

from reduse.wire import user_hash

# Between 3 and 10 MB when full, depending on the length of the ids.
CACHED_PSEUDONYMS = 16_384
LONGEST_CACHED_ID = 256


def cached_pseudonyms(key: bytes, cached: int = CACHED_PSEUDONYMS) -> Callable[[str], str]:
    """`user_hash` under one key, remembering between half of `cached` and `cached` of the last ones.

    Two dictionaries in turn and not an order of use: one look-up, which writes nothing. Long ids are not remembered,
    so that whoever sends them cannot fill the memory.
    """
    recent: dict[str, str] = {}
    older: dict[str, str] = {}

    def pseudonym_of(user_id: str) -> str:
        nonlocal recent, older
        known = recent.get(user_id)
        if known is not None:
            return known
        known = older.get(user_id) or user_hash(key, user_id)
        if len(user_id) <= LONGEST_CACHED_ID:
            if len(recent) >= cached // 2:
                recent, older = {}, recent
            recent[user_id] = known
        return known

    return pseudonym_of
