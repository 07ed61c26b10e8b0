"""Invented services that export RED each second: bodies of calls to the agent, made by writing into a prepared one."""

import struct
from collections.abc import Sequence

from tests.collector.otlp import SECOND, export, histogram, resource

METRIC = "http.server.request.duration"
# In the store, without labels.
COUNT = "http_server_request_duration_seconds_count"
BOUNDS = 14
"""As many as the instrumentation's default has."""

# What the prepared body has where the numbers of a moment belong. All are of eight bytes.
_TIME = 0x0123456789ABCDEF
_REQUESTS = 0x0FEDCBA987654321


class Services:
    """Several services of one process each; each has sent `n` requests on each route `n` seconds after `start`.

    Args:
        names: of the services that share a call.
        routes: points of each service in an export, as many series as `BOUNDS + 3` each.
        start: since when they count, Unix ns.
    """

    def __init__(self, names: Sequence[str], routes: int, start: int) -> None:
        self.names = names
        self._start = start
        counts = [0] * BOUNDS + [_REQUESTS]
        self._prepared = export(
            *(
                resource(
                    name,
                    *(
                        histogram(METRIC, start, _TIME, counts, given={"http.route": f"/route-{route}"})
                        for route in range(routes)
                    ),
                    service_instance_id="1",
                )
                for name in names
            )
        )

    def body(self, number: int) -> bytes:
        """The call of the second with this number, after `start`."""
        return self._prepared.replace(_bytes(_TIME), _bytes(self._start + number * SECOND)).replace(
            _bytes(_REQUESTS), _bytes(number)
        )


def _bytes(number: int) -> bytes:
    """As protobuf writes a fixed64."""
    return struct.pack("<Q", number)
