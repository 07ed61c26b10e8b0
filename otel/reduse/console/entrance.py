"""Who may look: with security on whoever shows the token, in a header or once by the form, which gives a cookie."""

import asyncio
import hashlib
import hmac
from html import escape
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/enter"
FORM_BYTES = 2000
FORM_SECONDS = 10.0
COOKIE_SECONDS = 12 * 3600

# Before one has entered: the form, its style, whether the console is up, and how many it refused.
_OPEN = (PATH, "/static/", "/healthz", "/metrics")


class Entrance:
    """One token for all who may look."""

    def __init__(self, token: str, port: int, token_file: str) -> None:
        """`token_file`: where whoever owns the stack finds it."""
        self._token = token.encode()
        self._file = token_file
        # Cookies know no ports: two consoles of one machine have two names.
        self._cookie = f"reduse_console_{port}"
        self._session = hmac.new(self._token, b"reduse console session", hashlib.sha256).hexdigest()

    def admits(self, headers: Headers) -> bool:
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), self._token):
            return True
        cookie = cookie_parser(headers.get("cookie", "")).get(self._cookie, "")
        return hmac.compare_digest(cookie.encode(), self._session.encode())

    async def page(self, request: Request) -> Response:
        """The form, and its answer."""
        to = _way_back(request.query_params.get("to", "/"))
        if request.method != "POST":
            return self._form(to)
        try:
            async with asyncio.timeout(FORM_SECONDS):
                body = await _form_of(request)
        except TimeoutError:
            return self._form(to, "The form did not arrive in time.", 408)
        if body is None:
            return self._form(to, "This is no token.", 413)
        shown = parse_qs(body.decode("utf-8", "replace")).get("token", [""])[0].strip()
        if not hmac.compare_digest(shown.encode(), self._token):
            return self._form(to, "This is not the token.", 401)
        entered = RedirectResponse(to, 303)
        # Lax: a link in a mail to a runbook opens it; what pages of other sites ask is refused anyway.
        entered.set_cookie(self._cookie, self._session, max_age=COOKIE_SECONDS, httponly=True, samesite="lax", path="/")
        return entered

    def _form(self, to: str, mistake: str = "", status: int = 200) -> Response:
        said = f'<p class="mistake" role="alert">{escape(mistake)}</p>' if mistake else ""
        return HTMLResponse(
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Enter · reduse</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<link rel="stylesheet" href="/static/styles/colors.css"><link rel="stylesheet" '
            'href="/static/styles/page.css"></head><body><main class="enter"><h1>reduse</h1>'
            f'<form method="post" action="{escape(_entrance(to))}"><label for="token">Token</label>'
            '<input id="token" name="token" type="password" autocomplete="current-password" autofocus required>'
            f'<button>Enter</button></form>{said}<p class="quiet">It is in {escape(self._file)}</p>'
            "</main></body></html>",
            status,
        )


class Guarded:
    """Lets in whom the entrance admits; others see the form."""

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        self._app = app
        self._entrance = entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_OPEN) or self._entrance.admits(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        refusal: Response = RedirectResponse(_entrance(scope["path"]), 303)
        if scope["path"].startswith("/api/"):
            refusal = JSONResponse({"error": "enter again: the token is missing"}, 401)
        await refusal(scope, receive, send)


async def _form_of(request: Request) -> bytes | None:
    """None: it is larger than any form."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            return None
    return body


def _entrance(to: str) -> str:
    """The form's address, with the page that is wanted."""
    return PATH if to == "/" else f"{PATH}?{urlencode({'to': to})}"


def _way_back(to: str) -> str:
    """A page of the console, and of no other server."""
    return to if to.startswith("/") and not to.startswith(("//", "/\\")) else "/"
