"""Where the page is served."""

import pytest

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.export.pull.address import HOST, PORT, Address, address_of


def test_the_page_is_on_this_machine_only_unless_it_is_told_otherwise() -> None:
    assert address_of({}) == address_of({HOST: "", PORT: ""}) == Address("127.0.0.1", 9464)
    assert address_of({HOST: "0.0.0.0", PORT: "9500"}) == Address("0.0.0.0", 9500)  # noqa: S104
    assert address_of({HOST: "::1"}).host == "::1"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "many", "9464.0", "²", " "])
def test_a_port_that_is_none_is_named(port: str) -> None:
    with pytest.raises(ConfigurationError, match=PORT):
        address_of({PORT: port})


@pytest.mark.parametrize("host", [" ", "127.0.0.1 ", "two hosts"])
def test_a_host_that_is_none_is_named(host: str) -> None:
    with pytest.raises(ConfigurationError, match=HOST):
        address_of({HOST: host})
