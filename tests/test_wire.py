"""The pseudonym of a user is HMAC-SHA-256, the same everywhere."""

import hashlib
import hmac

from reduse.wire import user_hash

KEY = b"0123456789abcdef"


def test_is_the_first_16_hex_digits_of_hmac_sha_256() -> None:
    expected = hmac.new(KEY, b"ann", hashlib.sha256).hexdigest()[:16]
    assert user_hash(KEY, "ann") == expected


def test_bytes_that_are_no_utf_8_keep_their_identity() -> None:
    one, other = (raw.decode("utf-8", "surrogateescape") for raw in (b"\xff", b"\xfe"))
    assert user_hash(KEY, one) != user_hash(KEY, other)


def test_no_id_is_refused_and_lone_surrogates_stay_distinct() -> None:
    assert len({user_hash(KEY, user) for user in ("\ud800", "\ud801", "\udcff", "\ud800\udcff", "")}) == 5
