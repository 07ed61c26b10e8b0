"""The fastest client that fits on a page: each batch of requests is sent before the first of its answers has come."""

import socket
from collections.abc import Iterator

BATCH = 50

_END_OF_ANSWER = b"\r\n\r\n"


def ask(port: int, users: range) -> None:
    """GET /plain once for each user, named `user-` and the number in the header `x-user`.

    RFC 9112, section 9.3.2. The answers must have no bodies, as those of `minimal_app` have none.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        for first in range(0, len(users), BATCH):
            batch = users[first : first + BATCH]
            connection.sendall(b"".join(_requests(batch)))
            _await_answers(connection, len(batch))


def _requests(users: range) -> Iterator[bytes]:
    for user in users:
        yield b"GET /plain HTTP/1.1\r\nhost: localhost\r\nx-user: user-%d\r\n\r\n" % user


def _await_answers(connection: socket.socket, number: int) -> None:
    answers = bytearray()
    while answers.count(_END_OF_ANSWER) < number:
        received = connection.recv(65_536)
        if not received:
            raise ConnectionError("the server closed the connection")
        answers += received
    if answers.count(b"HTTP/1.1 204 ") != number:
        raise ConnectionError("the server answered otherwise than 204")
