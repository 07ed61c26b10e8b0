"""gRPC's server for asyncio, of whose requests the program sees only those of methods that are registered.

It decodes the path of any other request as UTF-8, outside of what it guards: one request whose path is no text ends the
whole server, for everybody (grpcio 1.85). Such requests are left to gRPC's core, which ends them by itself: at once
where as many wait as it may hold (`grpc.server.max_pending_requests`, for each method by itself), else after
UNREQUESTED_SECONDS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc
import grpc.aio
from grpc._cython import cygrpc  # type: ignore[attr-defined]

# Of a request that nobody takes.
UNREQUESTED_SECONDS = 10

Options = Sequence[tuple[str, Any]]

_Core: Any = cygrpc.AioServer
# Not public: without it the server is as gRPC has it, and is started again when it ends.
_HOOK = "_make_request_call_future"


class _RegisteredOnly(_Core):  # type: ignore[misc]
    """Does not ask the core for requests of other methods."""

    def _make_request_call_future(self, method: bytes | None) -> asyncio.Future[Any]:
        if method is None:
            return asyncio.get_running_loop().create_future()
        made: asyncio.Future[Any] = super()._make_request_call_future(method)
        return made


def server(options: Options) -> grpc.aio.Server:
    """As `grpc.aio.server` makes it."""
    if not hasattr(_Core, _HOOK):
        return grpc.aio.server(options=options)
    bound = ("grpc.server_max_unrequested_time_in_server", UNREQUESTED_SECONDS)
    cygrpc.AioServer = _RegisteredOnly
    try:
        return grpc.aio.server(options=[*options, bound])
    finally:
        cygrpc.AioServer = _Core
