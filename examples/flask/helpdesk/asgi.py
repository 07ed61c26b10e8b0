"""The helpdesk as an ASGI application under watch: all that instrumenting it takes.

opentelemetry-instrument uvicorn helpdesk.asgi:app
"""

from collections.abc import MutableMapping
from typing import Any

from asgiref.wsgi import WsgiToAsgi
from werkzeug.exceptions import HTTPException

from helpdesk.app import app as helpdesk
from reduse.middleware import MetricsMiddleware


def rule(scope: MutableMapping[str, Any]) -> str | None:
    """The rule that takes the request, as Flask will find it."""
    try:
        found, _ = helpdesk.url_map.bind("").match(scope["path"], scope["method"], return_rule=True)
    except HTTPException:
        return None
    return str(found)


app = MetricsMiddleware(WsgiToAsgi(helpdesk), route=rule)
