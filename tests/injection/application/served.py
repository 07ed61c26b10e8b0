"""A service whose answers are its own process."""

import os

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def item(request):
    return PlainTextResponse(str(os.getpid()))


app = Starlette(routes=[Route("/items/{number}", item)])
