"""Where an application is reached, which stands before its routes: as long as that is not for whoever sends to say.

A server or an application is given its root path once. Where a middleware takes it from a header (`X-Forwarded-Prefix`)
a client may write anything there, and each would be a route of its own.
"""

ROOTS = 8


class RootPaths:
    """The first few root paths are believed; the routes of requests with another one stand without it."""

    def __init__(self, limit: int = ROOTS) -> None:
        self._limit = limit
        self._believed: dict[str, str] = {"": ""}

    def believed(self, root: str) -> str:
        """The root path without a slash at its end, or nothing."""
        known = self._believed.get(root)
        if known is None:
            known = root.rstrip("/")
            if known not in self._believed:
                # As nothing is believed too.
                if len(self._believed) > self._limit:
                    return ""
                self._believed[known] = known
        return known


# Of this process; what a fork has seen is its parent's application too.
believed_root = RootPaths().believed
