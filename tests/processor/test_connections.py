"""Connections are counted from the kernel's tables."""

import resource

import pytest

from reduse.processor.connections import allow_descriptors, established

TABLE = b"""\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:10F1 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:10F1 0100007F:A2B4 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
  10: 0100007F:A2B4 0100007F:10F1 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1
  11: 0100007F:10F1 0100007F:A2B6 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0
  12: 00000000000000000000000001000000:10F1 00000000000000000000000001000000:A2B8 01 00000000:00000000 00:0 0 0 0 4
"""


def test_only_established_connections_to_the_port_count() -> None:
    """Neither who listens, nor the other end, nor what is closed already; of IPv6 as well."""
    assert established(TABLE, 0x10F1) == 2
    assert established(TABLE, 0x10F2) == 0


def test_the_limit_on_open_files_is_raised_as_far_as_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: given.append(limits))
    for wanted in (500, 3000, 10_000):
        allow_descriptors(wanted)
    assert given == [(3000, 4096), (4096, 4096)]
