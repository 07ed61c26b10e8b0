"""Where the state of a partition is: in pieces in the topic of states, found by what is committed with the offset."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from reduse.processor.core.format_check import check_format

# Of brokers' bound on a message, 1 MB, half.
PIECE_BYTES = 512 * 1024
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Pointer:
    """The state after all records before `offset`: so many pieces of the snapshot `identity`, the first at `first`.

    Without pieces it is the empty state.
    """

    offset: int
    identity: str = ""
    first: int = 0
    pieces: int = 0
    size: int = 0

    def to_metadata(self) -> str:
        """What is committed beside the offset, in one with it: whoever has lost the partition cannot replace it."""
        return json.dumps({"format": FORMAT, **asdict(self)}, separators=(",", ":"))


def from_metadata(text: str | None) -> Pointer | None:
    """None where nothing was committed. Raises NewerFormatError; ValueError for what is no metadata of a worker."""
    if not text:
        return None
    try:
        fields = json.loads(text)
        check_format("the metadata committed with the offset", fields.pop("format"), FORMAT)
        return Pointer(**fields)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"the metadata committed with the offset is of another version or program: {text!r}"
        ) from error


def cut(parts: Sequence[bytes | memoryview]) -> Iterator[bytes]:
    """The bytes of the parts, one after another, in pieces of at most PIECE_BYTES."""
    piece = bytearray()
    for part in parts:
        rest = memoryview(part)
        while rest:
            room = PIECE_BYTES - len(piece)
            piece += rest[:room]
            rest = rest[room:]
            if len(piece) == PIECE_BYTES:
                yield bytes(piece)
                piece.clear()
    if piece:
        yield bytes(piece)


def key_of(identity: str, number: int) -> bytes:
    return f"{identity}/{number}".encode()


class Collected:
    """The pieces of one snapshot, as they are met among those of others. One may come twice."""

    def __init__(self, pointer: Pointer) -> None:
        self._keys = {key_of(pointer.identity, number): number for number in range(pointer.pieces)}
        self._found: dict[int, bytes] = {}

    def add(self, key: bytes | None, piece: bytes) -> None:
        number = self._keys.get(key or b"")
        if number is not None:
            self._found[number] = piece

    @property
    def complete(self) -> bool:
        return len(self._found) == len(self._keys)

    def join(self) -> bytes:
        return b"".join(self._found[number] for number in sorted(self._found))
