"""The cache of partners is bounded in size and time."""

from mes_api.authentication import PartnerCache, digest_of


def test_a_partner_is_forgotten_after_its_time() -> None:
    cache = PartnerCache(seconds=60)
    cache.put(b"a", "partner-001", now=100.0)
    assert cache.get(b"a", now=159.9) == "partner-001"
    assert cache.get(b"a", now=160.0) is None


def test_the_partner_unseen_for_longest_makes_room() -> None:
    cache = PartnerCache(size=2)
    for digest in (b"a", b"b"):
        cache.put(digest, digest.decode(), now=0.0)
    cache.get(b"a", now=1.0)
    cache.put(b"c", "c", now=2.0)
    assert [cache.get(digest, now=3.0) for digest in (b"a", b"b", b"c")] == ["a", None, "c"]


def test_keys_are_known_by_their_sha_256() -> None:
    assert digest_of("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
