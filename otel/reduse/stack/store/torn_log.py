"""`python -m reduse.stack.store.torn_log DIRECTORY`: takes torn records out of Prometheus's log before it is read.

A write that fails, as the disk is full, leaves the first part of a record in the log, whose other parts never come.
Prometheus goes on behind it, but its next start drops everything from there on, and until then no checkpoint succeeds,
so that the log grows (prometheus/prometheus, issues 13027 and 18552). Whoever wrote the record was told that it failed.
Here its parts become records of an unknown type, which Prometheus passes over, where they stand; a segment that ends
within a part ends before it, unless it is the last.

Format: tsdb/docs/format/wal.md of Prometheus.
"""

import mmap
import os
import re
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = 32 * 1024
HEADER = struct.Struct(">BHI")
"""Of a part of a record: its kind and flags of its compression, the length of its data, and their CRC-32C."""
KIND = 0b111
PADDING, FULL, FIRST, MIDDLE, LAST = range(5)

# Prometheus has no records of this type in any release.
_UNKNOWN = b"\xff"
# The log, and that of samples out of order.
_LOGS = ("wal", "wbl")
_SEGMENT = re.compile(r"\d{8}")

Segment = bytes | mmap.mmap


@dataclass(frozen=True, slots=True)
class Part:
    """Of a record, within one page; `offset` of its header in the segment."""

    kind: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Parts:
    """Of a segment. `cut`: where the segment ends within a part."""

    whole: Sequence[Part]
    cut: int | None = None


def parts(segment: Segment) -> Parts:
    """Read the headers only. What follows on damage of any other kind is left to Prometheus's own repair."""
    found, at, size = list[Part](), 0, len(segment)
    while at < size:
        end = (at // PAGE + 1) * PAGE
        if end - at < HEADER.size or segment[at] == PADDING:
            at = end
            continue
        if at + HEADER.size > size:
            return Parts(found, at)
        flags, length, _ = HEADER.unpack_from(segment, at)
        behind = at + HEADER.size + length
        if not FULL <= flags & KIND <= LAST or behind > end:
            break
        if behind > size:
            return Parts(found, at)
        found.append(Part(flags & KIND, at, length))
        at = behind
    return Parts(found)


def torn(found: Iterable[Part]) -> list[Part]:
    """Those of records that are not whole. A record does not go on in the next segment."""
    lost, begun = list[Part](), list[Part]()
    for part in found:
        if part.kind in (FULL, FIRST):
            lost += begun
            begun = [part] if part.kind == FIRST else []
        elif not begun:
            lost.append(part)
        elif part.kind == MIDDLE:
            begun.append(part)
        else:
            begun = []
    return lost + begun


def repair(directory: Path) -> int:
    """Take torn records out of the log of a Prometheus that does not run; the number of their parts.

    Raises OSError. Done again, it finds nothing.
    """
    return sum(_repair_log(directory / name) for name in _LOGS)


def _repair_log(log: Path) -> int:
    segments = sorted(path for path in log.glob("*") if _SEGMENT.fullmatch(path.name))
    return sum(_repair_segment(path, last=path == segments[-1]) for path in segments)


def _repair_segment(path: Path, *, last: bool) -> int:
    """At the end of the last one a part that was being written is no damage: Prometheus drops it."""
    if not path.stat().st_size:
        return 0
    with path.open("r+b") as file:
        with mmap.mmap(file.fileno(), 0) as segment:
            found = parts(segment)
            lost = torn(found.whole)
            for part in lost:
                _write_over(segment, part)
            if lost:
                segment.flush()
        if found.cut is None or last:
            return len(lost)
        file.truncate(found.cut)
        os.fsync(file.fileno())
        return len(lost) + 1


def _write_over(segment: mmap.mmap, part: Part) -> None:
    data, begin = _UNKNOWN * part.length, part.offset + HEADER.size
    # The header last: until then it is a torn part, which the next start finds again.
    segment[begin : begin + part.length] = data
    HEADER.pack_into(segment, part.offset, FULL, part.length, crc32c(data))


def crc32c(data: bytes) -> int:
    """CRC-32 by Castagnoli's polynomial, as RFC 3720 has it."""
    value = 0xFFFF_FFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFF_FFFF


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (0x82F6_3B78 if byte & 1 else 0)
    return byte


_TABLE = tuple(_entry(byte) for byte in range(256))


def main() -> int:
    """Exit status 1 with a line where the log cannot be read or written: Prometheus may be started all the same."""
    [directory] = sys.argv[1:]
    try:
        number = repair(Path(directory))
    except OSError as error:
        sys.stderr.write(f"the log of Prometheus was not looked through for torn records: {error}\n")
        return 1
    if number:
        sys.stderr.write(f"took {number} parts of torn records out of the log of Prometheus\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
