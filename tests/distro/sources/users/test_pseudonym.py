"""Pseudonyms are remembered within a bound."""

from hypothesis import given
from hypothesis import strategies as st

from reduse.distro.sources.users.pseudonym import LONGEST_CACHED_ID, cached_pseudonyms
from reduse.wire import user_hash

KEY = b"0123456789abcdef"


@given(st.lists(st.text(st.characters(), max_size=2 * LONGEST_CACHED_ID), max_size=20))
def test_the_cache_changes_no_answer(users: list[str]) -> None:
    pseudonym_of = cached_pseudonyms(KEY, cached=3)
    assert [pseudonym_of(user) for user in users] == [user_hash(KEY, user) for user in users]
