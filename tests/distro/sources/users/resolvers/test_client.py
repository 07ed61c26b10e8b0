"""The user as the address that the request came from."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.distro.sources.users.resolvers.client import client


@pytest.mark.parametrize(
    ("address", "user"),
    [
        (("192.0.2.1", 50000), "192.0.2.1"),
        (["192.0.2.1", 50000], "192.0.2.1"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
        (("2001:DB8:1:2:ffff::", 1), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 1), "fe80::/64"),
        (("::ffff:192.0.2.1", 1), "192.0.2.1"),
        (("::1", 1), "::/64"),
        (("testclient", 1), "testclient"),
        (("unix:/run/socket", None), "unix:/run/socket"),
        (("a\0:", 1), "a\0:"),
        (("", 0), None),
        (None, None),
    ],
)
def test_address_or_network(address: Any, user: str | None) -> None:
    assert client(None)({"client": address}) == user


def test_a_server_that_says_nothing_names_nobody() -> None:
    assert client(None)({}) is None


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_a_host_is_one_user_whatever_it_makes_of_its_lower_64_bits(address: ipaddress.IPv6Address, lower: int) -> None:
    other = ipaddress.IPv6Address((int(address) >> 64 << 64) | lower)
    resolve = client(None)
    if address.ipv4_mapped is None and other.ipv4_mapped is None:
        network = ipaddress.IPv6Network((address, 64), strict=False)
        assert resolve({"client": (str(address), 1)}) == resolve({"client": (str(other), 1)})
        assert ipaddress.ip_network(resolve({"client": (str(address), 1)}) or "") == network
