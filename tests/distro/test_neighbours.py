"""Sentry, logfire and ddtrace in the same service: it works, they get theirs, and we ours.

Only where they are installed: `./reduse matrix` does that.
"""

from importlib.util import find_spec

import pytest

from tests.distro.service import SCRIPTS, Service
from tests.distro.sink import Sink
from tests.otlp_receiver import OtlpReceiver

pytestmark = [pytest.mark.server, pytest.mark.extended]

DURATION = "http.server.request.duration"


class Watched(Service):
    """The application, watched by another product too; `inside`: what stands before the server in the command."""

    application = "tests.distro.neighbours_app:app"

    def __init__(self, endpoint: str, *, inside: tuple[str, ...], **changes: str) -> None:
        super().__init__(endpoint, **changes)
        self._command = [*inside, *self._command]


@pytest.mark.parametrize(
    ("package", "inside", "path"),
    [
        ("sentry_sdk", (), "/api/1/envelope/"),
        ("logfire", (), "/v1/traces"),
        ("ddtrace", (str(SCRIPTS / "ddtrace-run"),), "/v0.5/traces"),
    ],
)
def test_each_gets_its_own(package: str, inside: tuple[str, ...], path: str) -> None:
    assert find_spec(package), "`./reduse matrix --end neighbours` installs it"
    with OtlpReceiver() as receiver, Sink() as sink:
        variables = {
            "TEST_NEIGHBOUR": package.removesuffix("_sdk"),
            "TEST_SINK": sink.url,
            "DD_TRACE_AGENT_URL": sink.url,
            "DD_TRACE_API_VERSION": "v0.5",
            "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
        }
        with Watched(receiver.endpoint, inside=inside, **variables) as service:
            service.get("/items/3", 5, ["north", "south"])
            service.get("/missing", 3)
            service.get("/fails", 2)
        assert receiver.total(DURATION) == 15
        assert receiver.user_counts().total() == 15
        routes = {point.attributes.get("http.route") for point in receiver.latest(DURATION)}
        assert routes == {"/items/{number}", "/missing", "/fails"}
    assert "reduse:" not in service.output
    assert "Overriding" not in service.output
