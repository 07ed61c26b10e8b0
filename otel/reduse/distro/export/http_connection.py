"""One connection to the agent, kept from one export to the next.

A socket of our own and not `http.client.HTTPConnection`: tracing tools put themselves in the place of its methods, and
would take each of our exports for a request of the application.
"""

import socket
import ssl
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from typing import NamedTuple

from reduse.distro.export.http_settings import HttpSettings

# An answer is a few bytes; a longer text says what went wrong, and its beginning is enough.
_MOST_BYTES = 16_384


class Answer(NamedTuple):
    """`body`: no more than the beginning of a long one."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpConnection:
    """Posts one message after another. Not for several threads at once."""

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self._context: ssl.SSLContext | None = None
        self._socket: socket.socket | None = None

    def post(self, headers: Mapping[str, str], body: bytes, timeout: float) -> Answer:
        """Send, and wait for the answer; each step takes at most `timeout` seconds. Redirects are not followed.

        Raises:
            OSError: there is no connection, or it broke; also when a certificate does not fit.
            HTTPException: what answers does not speak HTTP.
        """
        kept = self._socket is not None
        try:
            return self._exchange(headers, body, timeout)
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            self.close()
            if not kept:
                raise
        # The agent may have closed a connection that was not in use: that is no failure yet.
        return self._exchange(headers, body, timeout)

    def _exchange(self, headers: Mapping[str, str], body: bytes, timeout: float) -> Answer:
        try:
            connected = self._socket or self._connect(timeout)
            connected.settimeout(timeout)
            connected.sendall(self._head(headers, len(body)) + body)
            with HTTPResponse(connected, method="POST") as response:
                response.begin()
                text = response.read(_MOST_BYTES)
                if response.will_close or not response.isclosed():
                    self.close()
                return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)
        except ssl.SSLError:
            # Certificates are renewed: the files are read again for the next connection.
            self._context = None
            self.close()
            raise
        except (OSError, HTTPException):
            self.close()
            raise

    def _connect(self, timeout: float) -> socket.socket:
        settings = self._settings
        connected = socket.create_connection((settings.host, settings.port), timeout)
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if settings.tls is not None:
                if self._context is None:
                    self._context = settings.tls.context()
                connected = self._context.wrap_socket(connected, server_hostname=settings.host)
        except BaseException:
            connected.close()
            raise
        self._socket = connected
        return connected

    def _head(self, headers: Mapping[str, str], length: int) -> bytes:
        settings = self._settings
        lines = [f"POST {settings.target} HTTP/1.1", f"host: {settings.authority}", f"content-length: {length}"]
        lines += (f"{name}: {value}" for name, value in {**settings.headers, **headers}.items())
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")

    def close(self) -> None:
        """Close the connection; the next message opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
