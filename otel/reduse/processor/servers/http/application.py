"""The ASGI application: POST /v1/metrics, as the OTLP specification has it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from google.rpc.status_pb2 import Status

from reduse.processor.otlp.compression import TooLargeError, gunzip
from reduse.processor.pipeline.intake import Intake, NotTakenError, Verdict
from reduse.processor.servers.http.body import Body, DisconnectedError, Receive
from reduse.processor.servers.http.head import GZIP, JSON, PROTOBUF, Headers, content_encoding, content_type, object_to
from reduse.processor.servers.memory import LARGEST_BODIES, CrowdedError, Memory

# While there is no memory for others, a body may take so long.
PATIENT_SECONDS = 1.0
RETRY_AFTER = (b"retry-after", b"1")

# Of these only 503 makes a sender try again.
STATUS = {
    Verdict.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Verdict.INCOMPLETE: HTTPStatus.SERVICE_UNAVAILABLE,
    Verdict.MALFORMED: HTTPStatus.BAD_REQUEST,
    Verdict.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Verdict.FAILED: HTTPStatus.INTERNAL_SERVER_ERROR,
}

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answer:
    """`taken` is the response message; without it `message` says why not."""

    status: HTTPStatus
    taken: bytes | None = None
    message: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Application:
    """Serves the scope type http alone."""

    def __init__(self, intake: Intake, message_limit: int, *, body_seconds: float) -> None:
        """`message_limit`: bytes of a body, as sent and as decompressed. `body_seconds`: in which it must arrive."""
        self._intake = intake
        self._memory = Memory(message_limit, LARGEST_BODIES * message_limit)
        self._body_seconds = body_seconds
        # In the order in which they began; when, in the event loop's time.
        self._deadlines: dict[asyncio.Timeout, float] = {}
        self._closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = dict(scope["headers"])
        with Body(receive, self._memory, self._make_room) as body:
            try:
                answer = await self._answer(scope, headers, body)
            except NotTakenError as refused:
                answer = Answer(STATUS[refused.verdict], message=str(refused))
            except DisconnectedError:
                self._intake.refuse(Verdict.INCOMPLETE, "the sender closed the connection")
                return
            except asyncio.CancelledError:
                # The server's grace is over. What was submitted may still be counted, and a repeat is recognised.
                answer = Answer(HTTPStatus.SERVICE_UNAVAILABLE, message="shutting down, send again")
            # What was not read of the body would be taken for the next request.
            close = self._closing or not body.ended
        await _respond(send, answer, as_json=content_type(headers) == JSON, close=close)

    def close(self) -> None:
        """Bodies that are not here yet are not waited for."""
        self._closing = True
        now = asyncio.get_running_loop().time()
        for deadline in self._deadlines:
            if not deadline.expired():
                deadline.reschedule(now)

    def _make_room(self) -> bool:
        """The oldest body that is still on its way ends, if it has been for long."""
        now = asyncio.get_running_loop().time()
        oldest = next(iter(self._deadlines.items()), None)
        if oldest is None or now - oldest[1] < PATIENT_SECONDS:
            return False
        if (when := oldest[0].when()) is not None and when > now:
            oldest[0].reschedule(now)
        return True

    async def _answer(self, scope: Scope, headers: Headers, body: Body) -> Answer:
        objection = object_to(scope["method"], scope["path"], headers, self._memory.limit)
        if objection is not None:
            too_large = objection.status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            self._intake.refuse(Verdict.TOO_LARGE if too_large else Verdict.UNSUPPORTED, objection.message)
            # Whoever asked with "Expect: 100-continue" has not sent the body and need not.
            if b"expect" not in headers:
                await self._discard(body)
            return Answer(objection.status, message=objection.message, headers=objection.headers)
        sent = await self._read(body)
        if content_encoding(headers) in GZIP:
            return Answer(HTTPStatus.OK, await self._intake.export(sent, partial(gunzip, limit=self._memory.limit)))
        return Answer(HTTPStatus.OK, await self._intake.export(sent))

    async def _read(self, body: Body) -> bytes:
        """Raises NotTakenError, DisconnectedError."""
        try:
            async with self._deadline():
                return await body.read()
        except TooLargeError as error:
            await self._discard(body)
            raise self._intake.refuse(Verdict.TOO_LARGE, str(error)) from error
        except CrowdedError as error:
            await self._discard(body)
            raise self._intake.refuse(Verdict.UNAVAILABLE, "too many requests in memory, send again") from error
        except TimeoutError as error:
            if self._closing:
                raise self._intake.refuse(Verdict.UNAVAILABLE, "shutting down, send again") from error
            message = "the body did not arrive in time, send again"
            raise self._intake.refuse(Verdict.INCOMPLETE, message) from error

    async def _discard(self, body: Body) -> None:
        try:
            async with self._deadline():
                await body.discard()
        except (TimeoutError, DisconnectedError):
            return

    @asynccontextmanager
    async def _deadline(self) -> AsyncIterator[None]:
        async with asyncio.timeout(0 if self._closing else self._body_seconds) as deadline:
            self._deadlines[deadline] = asyncio.get_running_loop().time()
            try:
                yield
            finally:
                del self._deadlines[deadline]


async def _respond(send: Send, answer: Answer, *, as_json: bool, close: bool) -> None:
    """Errors are a google.rpc.Status in the encoding of the request, which is JSON or else protobuf."""
    if answer.taken is not None:
        kind, content = PROTOBUF, answer.taken
    elif as_json:
        kind, content = JSON, json.dumps({"message": answer.message}).encode()
    else:
        kind, content = PROTOBUF, Status(message=answer.message).SerializeToString()
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(content)).encode()),
        *answer.headers,
    ]
    if answer.status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(RETRY_AFTER)
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status.value, "headers": headers})
    await send({"type": "http.response.body", "body": content})
