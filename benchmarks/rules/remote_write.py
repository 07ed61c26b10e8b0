"""Prometheus' remote write, for many series that each have a sample at the same moment.

A request is a protobuf message in the block format of Snappy.

Source: https://prometheus.io/docs/specs/prw/remote_write_spec/ (1.0).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import httpx
import numpy as np

Labels = Mapping[str, str]

_SAMPLE_BYTES = 18
_TIMESTAMP_BYTES = 6


@dataclass(frozen=True)
class Series:
    """A counter that rises by `slope` a second, or a gauge that is `level`."""

    labels: Labels
    slope: float = 0.0
    level: float = 0.0


class Batch:
    """Series whose labels are encoded once: at each moment only their samples change."""

    def __init__(self, series: Sequence[Series]) -> None:
        message = bytearray()
        offsets = []
        for each in series:
            labels = b"".join(_field(1, _label(name, each.labels[name])) for name in sorted(each.labels))
            body = labels + b"\x12" + bytes((_SAMPLE_BYTES - 2,)) + b"\x09" + bytes(8) + b"\x10" + bytes(6)
            message += _field(1, body)
            offsets.append(len(message) - _SAMPLE_BYTES + 3)
        self._message = np.frombuffer(bytes(message), dtype=np.uint8).copy()
        self._values = np.array(offsets)[:, None] + np.arange(8)
        self._times = np.array(offsets)[:, None] + 9 + np.arange(_TIMESTAMP_BYTES)
        self._slopes = np.array([each.slope for each in series])
        self._levels = np.array([each.level for each in series])

    def body(self, since: float, at: float) -> bytes:
        """The request with what they are at this time; counters are 0 at `since` (both Unix seconds)."""
        values = (self._slopes * (at - since) + self._levels).astype("<f8")
        self._message[self._values] = values.view(np.uint8).reshape(-1, 8)
        self._message[self._times] = np.frombuffer(_timestamp(at), dtype=np.uint8)
        return snappy(self._message.tobytes())


def course(labels: Labels, times: Sequence[float], values: Sequence[float]) -> bytes:
    """One series with many samples, as a part of a request."""
    samples = np.zeros((len(times), _SAMPLE_BYTES), dtype=np.uint8)
    samples[:, :3] = (0x12, _SAMPLE_BYTES - 2, 0x09)
    samples[:, 3:11] = np.array(values, dtype="<f8").view(np.uint8).reshape(-1, 8)
    samples[:, 11] = 0x10
    samples[:, 12:] = np.array([list(_timestamp(at)) for at in times], dtype=np.uint8)
    return _field(1, b"".join(_field(1, _label(name, labels[name])) for name in sorted(labels)) + samples.tobytes())


def snappy(message: bytes) -> bytes:
    """As one literal: not compressed, which costs whoever reads it least."""
    return _varint(len(message)) + bytes((63 << 2,)) + (len(message) - 1).to_bytes(4, "little") + message


def send(client: httpx.Client, bodies: Iterator[bytes]) -> None:
    """Raises httpx.HTTPStatusError when one is not taken."""
    for body in bodies:
        headers = {"Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0"}
        client.post("/api/v1/write", content=body, headers=headers).raise_for_status()


def _label(name: str, value: str) -> bytes:
    return _field(1, name.encode()) + _field(2, value.encode())


def _field(number: int, content: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*encoded, number))


def _timestamp(at: float) -> bytes:
    encoded = _varint(round(at * 1000))
    assert len(encoded) == _TIMESTAMP_BYTES
    return encoded
