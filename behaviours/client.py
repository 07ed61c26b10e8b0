"""What clients do to a service: ordinary requests, and what no ordinary client does."""

import socket
from collections.abc import Callable

import httpx
from websockets.sync.client import connect

from behaviours.subject import USER_HEADER
from reduse import web_client

TIMEOUT_SECONDS = 20
Act = Callable[[str], list[str]]
"""Takes the address of a service, gives the bodies of its answers."""


def ask(path: str, method: str = "GET", times: int = 1, user: str | None = None) -> Act:
    """Requests one after another, each on a connection of its own."""
    headers = {USER_HEADER: user} if user else {}

    def act(url: str) -> list[str]:
        answers = []
        for _ in range(times):
            with web_client.own(timeout=TIMEOUT_SECONDS, headers=headers) as client:
                answers.append(client.request(method, url + path).text)
        return answers

    return act


def in_turn(*acts: Act) -> Act:
    """Several acts, one after another."""

    def act(url: str) -> list[str]:
        return [answer for each in acts for answer in each(url)]

    return act


def cut_short(path: str) -> Act:
    """A request whose response breaks off."""

    def act(url: str) -> list[str]:
        try:
            return ask(path)(url)
        except httpx.RemoteProtocolError:
            return []

    return act


def leave(path: str) -> Act:
    """A request whose client goes away when the response has begun."""

    def act(url: str) -> list[str]:
        address = httpx.URL(url)
        with socket.create_connection((address.host, address.port or 80), TIMEOUT_SECONDS) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: service\r\n\r\n".encode())
            connection.recv(1)
        return []

    return act


def talk(path: str) -> Act:
    """A WebSocket that takes one message."""

    def act(url: str) -> list[str]:
        with connect(url.replace("http", "ws", 1) + path, proxy=None) as websocket:
            return [str(websocket.recv(TIMEOUT_SECONDS))]

    return act
