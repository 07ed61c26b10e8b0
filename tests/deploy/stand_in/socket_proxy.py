"""Stands in for the proxy of the engine's socket: hands on what its command line allows, and nothing else."""

import http.client
import os
import re
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OPTIONS = dict(word.removeprefix("-").partition("=")[::2] for word in sys.argv[1:])
HEALTH_PORT = 55555


class Engine(http.client.HTTPConnection):
    def connect(self) -> None:
        """Over the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("/var/run/docker.sock")


class Proxy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """One request, answered as it comes."""
        of_client = self.client_address[0] in socket.gethostbyname_ex(OPTIONS["allowfrom"])[2]
        if not of_client or not re.fullmatch(OPTIONS["allowGET"], self.path.partition("?")[0]):
            self.send_error(403)
            return
        engine = Engine("localhost")
        engine.request("GET", self.path)
        answer = engine.getresponse()
        self.send_response(answer.status)
        for name in ("Content-Type", "Api-Version", "Ostype"):
            if answer.getheader(name):
                self.send_header(name, str(answer.getheader(name)))
        self.end_headers()
        while chunk := answer.read1():
            self.wfile.write(chunk)
            self.wfile.flush()
        engine.close()

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Whether the engine can be asked."""
        engine = Engine("localhost")
        engine.request("GET", "/_ping")
        self.send_response(engine.getresponse().status)
        self.end_headers()
        engine.close()

    def log_message(self, *_: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    # The first process of a container ignores what it has no handler for.
    # At once: an interpreter that is taken down while threads are in the resolver can crash.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if "allowhealthcheck" in OPTIONS:
        health = ThreadingHTTPServer(("127.0.0.1", HEALTH_PORT), Health)
        threading.Thread(target=health.serve_forever, daemon=True).start()
    ThreadingHTTPServer((OPTIONS["listenip"], 2375), Proxy).serve_forever()
