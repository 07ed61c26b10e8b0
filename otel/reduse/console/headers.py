"""What every answer of the console carries, and which requests are none of a person who looks at it."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: Mapping[str, str] = {
    # No script and no style but the console's own files, nothing from elsewhere, and in no other page.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
"""By which it is called: another name that leads here is another site's, which would read along (DNS rebinding)."""

# How browsers say whose page asks (Fetch Metadata): another site may link here, but not ask.
_OWN = frozenset({"same-origin", "none", ""})


class OwnPagesOnly:
    """Puts HEADERS on each answer; refuses other names of the host, and what pages of other sites ask."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-cache")
            await send(message)

        refusal = _refusal(Headers(scope=scope), scope["path"])
        answer = self._app if refusal is None else PlainTextResponse(refusal, 403)
        await answer(scope, receive, with_headers)


def _refusal(headers: Headers, path: str) -> str | None:
    try:
        host = urlsplit(f"//{headers.get('host', '')}").hostname
    except ValueError:
        host = None
    if host not in HOSTS:
        return "The console answers on 127.0.0.1 and localhost alone.\n"
    if path.startswith("/api/") and headers.get("sec-fetch-site", "") not in _OWN:
        return "Pages of other sites are not answered.\n"
    return None
