"""The types of ASGI 3. Source: ASGI specification, "Applications"."""

from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# Calls its first argument with the others, as an application is called.
Call = Callable[[Any, Scope, Receive, Send], Coroutine[Any, Any, None]]
