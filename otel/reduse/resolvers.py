"""Public: what a resolver of one's own is made of, which says who sent a request.

A package offers a `ResolverFactory` under the entry-point group `reduse_user_resolver`. See `docs/users.md`. What else
is public: `docs/python-api.md`.
"""

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.sources.users.resolvers.resolver import Resolver, ResolverFactory, Scope, verified

__all__ = ["ConfigurationError", "Resolver", "ResolverFactory", "Scope", "verified"]
