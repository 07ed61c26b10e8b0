"""As little application as a route needs, so that a million requests take a minute and not ten."""

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send


class Nothing:
    """204 for any request."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


app = Starlette(routes=[Route("/plain", Nothing())])
