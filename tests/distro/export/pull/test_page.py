"""The server of the page: its port is taken, given back, and left to the parent."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.export.pull.address import PORT, Address
from reduse.distro.export.pull.page import STARTUP_FAILURE, Page
from tests.ports import free_port
from tests.waiting import PATIENCE_SECONDS

HOST = "127.0.0.1"


@pytest.fixture
def address() -> Address:
    return Address(HOST, free_port())


@pytest.fixture
def page(address: Address) -> Iterator[Page]:
    page = Page(address, CollectorRegistry())
    yield page
    page.close()


@pytest.fixture
def taken(address: Address) -> Iterator[socket.socket]:
    """The port, with somebody on it."""
    with socket.create_server(address) as listener:
        yield listener


def answers(address: Address) -> bool:
    try:
        with urlopen(f"http://{address.host}:{address.port}/metrics", timeout=PATIENCE_SECONDS) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def test_it_answers_while_it_is_open_and_gives_the_port_back(page: Page, address: Address) -> None:
    page.open()
    page.open()
    assert answers(address)
    page.close()
    assert not answers(address)
    with socket.create_server(address):
        pass
    page.close()


def test_a_server_whose_port_is_taken_ends_with_one_line(
    page: Page, taken: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    ended: list[int] = []
    page.open_or_end(patience=0.2, end=ended.append)
    assert ended == [STARTUP_FAILURE]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"reduse: {PORT}={taken.getsockname()[1]} is already in use")
    assert "one worker" in line
    assert "OTEL_METRICS_EXPORTER=otlp" in line


@pytest.mark.slow
def test_a_worker_waits_for_the_one_that_it_replaces(
    page: Page, address: Address, taken: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    ended: list[int] = []
    opening = threading.Thread(target=page.open_or_end, kwargs={"patience": 30, "end": ended.append})
    opening.start()
    time.sleep(0.2)
    taken.close()
    opening.join(PATIENCE_SECONDS)
    assert answers(address)
    assert ended == []
    assert capsys.readouterr().err == ""


def test_a_process_that_works_already_goes_on_and_says_so(
    page: Page, taken: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    page.open_or_say()
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot be scraped" in line
    assert PORT in line


def test_an_address_of_another_machine_is_named() -> None:
    # RFC 5737: an address for documentation, which no machine has.
    with pytest.raises(ConfigurationError, match=r"OTEL_EXPORTER_PROMETHEUS_HOST=192\.0\.2\.1"):
        Page(Address("192.0.2.1", free_port()), CollectorRegistry()).open()


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_leaves_the_port_to_its_parent(page: Page, address: Address) -> None:
    """Both hold it after the fork; when the parent closes its page, nobody may listen on."""
    page.open()
    reading, writing = os.pipe()
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        page.after_fork()
        os.write(tell, b"1")
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    assert os.read(told, 1) == b"1"
    page.close()
    with socket.create_server(address):
        pass
    for end in (writing, reading, told, tell):
        os.close(end)
    assert os.waitpid(child, 0)[1] == 0
