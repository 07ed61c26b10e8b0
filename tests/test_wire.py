"""The pseudonym of a user is HMAC-SHA-256, the same everywhere, and so is the user's shard."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.wire import MOST_SHARDS, WHOLE, shard_key, shard_number, shard_of, user_hash

KEY = b"0123456789abcdef"


def test_is_the_first_16_hex_digits_of_hmac_sha_256() -> None:
    expected = hmac.new(KEY, b"ann", hashlib.sha256).hexdigest()[:16]
    assert user_hash(KEY, "ann") == expected


def test_bytes_that_are_no_utf_8_keep_their_identity() -> None:
    one, other = (raw.decode("utf-8", "surrogateescape") for raw in (b"\xff", b"\xfe"))
    assert user_hash(KEY, one) != user_hash(KEY, other)


def test_no_id_is_refused_and_lone_surrogates_stay_distinct() -> None:
    assert len({user_hash(KEY, user) for user in ("\ud800", "\ud801", "\udcff", "\ud800\udcff", "")}) == 5


pseudonyms = st.text("0123456789abcdef", min_size=16, max_size=16)


@given(pseudonyms, st.integers(1, MOST_SHARDS))
def test_a_user_has_one_of_the_shards_and_twice_as_many_are_halves_of_them(pseudonym: str, shards: int) -> None:
    shard = shard_of(pseudonym, shards)
    assert 0 <= shard < shards
    assert shard_of(pseudonym, 2 * shards) // 2 == shard


@pytest.mark.slow
@given(st.integers(1, MOST_SHARDS))
def test_shards_are_equal_ranges(shards: int) -> None:
    sizes = [0] * shards
    for first in range(1 << 16):
        sizes[shard_of(f"{first:04x}000000000000", shards)] += 1
    assert max(sizes) - min(sizes) <= 1


def test_a_shards_key_names_the_service_as_metrics_do_and_fits_a_header() -> None:
    assert shard_key("", "mes-api", 0, 1) == "mes-api#0/1"
    assert shard_key("eu", "mes-api", 12, 16) == "eu/mes-api#12/16"
    assert shard_key("", "заказы\r\n", 1, 2).isascii()
    assert "\n" not in shard_key("", "заказы\r\n", 1, 2)


@given(st.text(), st.text(), st.integers(1, MOST_SHARDS), st.data())
def test_a_key_says_which_of_how_many_shards_it_is_of(
    name: str, namespace: str, shards: int, data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, shards - 1))
    assert shard_number(shard_key(namespace, name, number, shards).encode()) == (number, shards)


@pytest.mark.parametrize(
    "key", [b"", b"mes-api", b"mes-api#", b"mes-api#1", b"a#\xd9\xa1/2", b"#9/999", b"a#8/8", b"a#0/0", b"a#1/2\n"]
)
def test_any_other_key_is_of_a_whole_service(key: bytes) -> None:
    assert shard_number(key) == WHOLE
