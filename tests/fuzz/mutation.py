"""Bytes that were a valid message, and are none or another one now."""

from random import Random

from tests.fuzz import values

_NO_TEXT = (b"\xff\xfe\xc0\x80" * len(values.NOT_UTF8))[: len(values.NOT_UTF8)]


def with_broken_text(body: bytes) -> bytes:
    """The same message with bytes that are no text where it was asked for; lengths stay."""
    return body.replace(values.NOT_UTF8.encode(), _NO_TEXT)


def mutated(body: bytes, random: Random) -> bytes:
    """A copy with one to four changes: a byte flipped, put in or taken out, a part doubled, or the end cut off."""
    changed = bytearray(body)
    for _ in range(random.randint(1, 4)):
        _change(changed, random)
    return bytes(changed)


def _change(body: bytearray, random: Random) -> None:
    at = random.randrange(len(body) + 1)
    match random.choice(("flip", "flip", "flip", "set", "insert", "delete", "truncate", "double")):
        case "flip" if at < len(body):
            body[at] ^= 1 << random.randrange(8)
        case "set" if at < len(body):
            body[at] = random.choice((0, 0x7F, 0x80, 0xFF, random.randrange(256)))
        case "insert":
            body[at:at] = random.randbytes(random.randint(1, 4))
        case "delete":
            del body[at : at + random.randint(1, 4)]
        case "truncate" if random.random() < 0.2:
            del body[at:]
        case "double":
            body[at:at] = body[at : at + random.randint(1, 64)]
