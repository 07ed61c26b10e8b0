"""A function of an application's own, for `python:`."""

from reduse.distro.sources.users.resolvers.resolver import Scope


def tenant_of(scope: Scope) -> str | int | None:
    """The tenant of the path's query; `broken` fails."""
    query: bytes = scope["query_string"]
    if query == b"x_tenant=broken":
        raise KeyError(query)
    return query.decode().partition("x_tenant=")[2] or None
