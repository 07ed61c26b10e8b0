"""WSGI applications inside of ASGI ones: a request that is measured outside is known inside by its environ.

The adapters make an environ from a scope, each in a function of its own.
"""

import functools
from collections.abc import Callable
from typing import Any

from wrapt import register_post_import_hook

from reduse.distro.sources.http.route import SCOPE_KEY


def follow_adapters() -> None:
    """Follow the adapters of Starlette, a2wsgi and asgiref, now or when they are imported."""
    for module in ("starlette.middleware.wsgi", "a2wsgi.wsgi"):
        register_post_import_hook(lambda imported: _follow(imported, 0), module)
    register_post_import_hook(lambda imported: _follow(imported.WsgiToAsgiInstance, 1), "asgiref.wsgi")


def _follow(owner: Any, place: int) -> None:
    """`build_environ` of a module or class; its scope is the argument at this place."""
    build: Callable[..., Any] | None = getattr(owner, "build_environ", None)
    if build is None:
        return

    @functools.wraps(build)
    def build_environ(*arguments: Any, **named: Any) -> Any:
        environ = build(*arguments, **named)
        scope = named["scope"] if "scope" in named else arguments[place]
        if SCOPE_KEY in scope:
            environ[SCOPE_KEY] = scope[SCOPE_KEY]
        return environ

    owner.build_environ = build_environ
