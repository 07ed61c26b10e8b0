"""An HTTP server for the receivers of tests: HTTP/1.1, connections are kept, and all are broken when it stops."""

import gzip
import socket
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

_DECOMPRESSED: Mapping[str, Callable[[bytes], bytes]] = {
    "": lambda body: body,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}


@dataclass(frozen=True)
class Posted:
    """One request; the names of headers in lower case, the body uncompressed. `connection` numbers the connections."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int


@dataclass(frozen=True)
class Reply:
    """`status` 0: the connection is closed without an answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class OtlpHttpServer:
    """Listens on 127.0.0.1 from its making until `stop`; `take` is called for one request at a time."""

    def __init__(self, port: int, take: Callable[[Posted], Reply], tls: ssl.SSLContext | None = None) -> None:
        self._take = take
        self._lock = Lock()
        self._connections: list[socket.socket] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                with server._lock:
                    server._connections.append(self.connection)
                    self.number = len(server._connections)

            def do_POST(self) -> None:
                server._answer(self, self.number)

            def log_message(self, *_args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_args: Any) -> None:
                """A broken connection is none of the test's."""

        self._server = Server(("127.0.0.1", port), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def _answer(self, handler: BaseHTTPRequestHandler, number: int) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        body = handler.rfile.read(int(headers["content-length"]))
        body = _DECOMPRESSED[headers.get("content-encoding", "")](body)
        with self._lock:
            reply = self._take(Posted(handler.path, headers, body, number))
        if not reply.status:
            handler.close_connection = True
            return
        handler.send_response(reply.status)
        for name, value in {"content-length": str(len(reply.body)), **reply.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(reply.body)

    def close_connections(self) -> None:
        """Break every connection that was made; new ones are taken."""
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def stop(self) -> None:
        """Take no connection any more, and break those that are there."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.close_connections()
