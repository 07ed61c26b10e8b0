"""A webhook that keeps what Alertmanager tells it."""

import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Webhook:
    """Listens on a free port of 127.0.0.1 until the block ends."""

    def __init__(self) -> None:
        told = self._told = list[tuple[float, Mapping[str, Any]]]()
        self._changed = changed = threading.Condition()
        self.cancelled = False

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with changed:
                    told.extend((time.monotonic(), alert) for alert in body["alerts"])
                    changed.notify_all()
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing: standard output is the drill's."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/"

    def cancel(self) -> None:
        """Nobody waits any more."""
        with self._changed:
            self.cancelled = True
            self._changed.notify_all()

    def firing(self, wanted: Mapping[str, str]) -> bool:
        """Whether an alert with these labels was told to fire and its end was not told since."""
        with self._changed:
            last = {frozenset(alert["labels"].items()): alert["status"] for _, alert in self._told}
        return any(status == "firing" and wanted.items() <= labels for labels, status in last.items())

    def wait(self, wanted: Mapping[str, str], status: str, since: float, seconds: float) -> float | None:
        """Seconds from `since` (monotonic) until an alert with these labels came in this status; None: it did not."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                for moment, alert in self._told:
                    if moment >= since and alert["status"] == status and wanted.items() <= alert["labels"].items():
                        return moment - since
                if (left := deadline - time.monotonic()) <= 0 or self.cancelled:
                    return None
                self._changed.wait(min(left, 1.0))
