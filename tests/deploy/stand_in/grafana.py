"""Answers for its health where there is no Grafana, once it has read what is mounted for it."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """The answer of /api/health."""
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def main() -> None:
    # The first process of a container ignores what it has no handler for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    assert Path(os.environ["GF_SECURITY_ADMIN_PASSWORD__FILE"]).read_text()
    assert list(Path("/etc/grafana/provisioning").rglob("*.yaml"))
    for dashboard in Path(os.environ["REDUSE_DASHBOARDS_DIR"]).glob("*.json"):
        json.loads(dashboard.read_text())
    Path("/var/lib/grafana/grafana.db").touch()
    HTTPServer(("0.0.0.0", 3000), Health).serve_forever()  # noqa: S104 - in its container


if __name__ == "__main__":
    main()
