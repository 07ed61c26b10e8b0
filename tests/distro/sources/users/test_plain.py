"""Ids that go out as they are: whole, distinct, encodable and of bounded length."""

from hypothesis import given
from hypothesis import strategies as st

from reduse.distro.sources.users.plain import LONGEST_ID, plain


def test_an_id_stays_as_it_is() -> None:
    assert plain("ann") == "ann"
    assert plain("žofie") == "žofie"
    assert plain("a" * LONGEST_ID) == "a" * LONGEST_ID


def test_a_long_id_becomes_a_digest_and_stays_one_user() -> None:
    ids = ["a" * 200, "a" * 201, "b" * 200]
    assert len({plain(user_id) for user_id in ids}) == 3
    assert plain(ids[0]) == plain("a" * 200)
    assert plain(ids[0]).startswith("sha256:")
    assert len(plain(ids[0])) == 39


@given(st.text(st.characters(), max_size=3 * LONGEST_ID))
def test_whatever_the_id_otlp_can_carry_it(user_id: str) -> None:
    reported = plain(user_id)
    assert 0 < len(reported) <= LONGEST_ID or not user_id
    assert reported.encode().decode() == reported
    assert plain(reported) == reported
