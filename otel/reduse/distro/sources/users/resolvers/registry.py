"""Which resolvers there are, and those that the setting names."""

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points

from reduse.distro.base.errors import ConfigurationError
from reduse.distro.sources.users.resolvers.authenticated import authenticated
from reduse.distro.sources.users.resolvers.basic import basic
from reduse.distro.sources.users.resolvers.client import client
from reduse.distro.sources.users.resolvers.cookie import cookie
from reduse.distro.sources.users.resolvers.function import python
from reduse.distro.sources.users.resolvers.header import header
from reduse.distro.sources.users.resolvers.jwt import jwt
from reduse.distro.sources.users.resolvers.resolver import (
    SETTING,
    Resolver,
    ResolverFactory,
    Scope,
    is_verified,
    required,
    verified,
)
from reduse.distro.sources.users.resolvers.scope_value import session, state

# A distribution offers a resolver by an entry point of this group, whose object is a `ResolverFactory`.
ENTRY_POINT_GROUP = "reduse_user_resolver"

BUILT_IN: Mapping[str, ResolverFactory] = {
    "authenticated": authenticated,
    "basic": basic,
    "client": client,
    "cookie": cookie,
    "header": header,
    "jwt": jwt,
    "python": python,
    "session": session,
    "state": state,
}

# Before another resolver: what that one says is verified, by what stands in front of the service or by its function.
VERIFIED = "verified"


def resolvers_of(specifications: Iterable[str]) -> tuple[Resolver, ...]:
    """The resolvers that are named, in their order; each name may have an argument behind a colon.

    Raises:
        ConfigurationError: a name is unknown, an argument is missing or wrong, or a plug-in cannot be loaded.
    """
    return tuple(resolver_of(specification) for specification in specifications)


def resolver_of(specification: str) -> Resolver:
    """One resolver, such as `authenticated` or `header:x-api-key`. A built-in name goes before a plug-in's."""
    name, colon, argument = specification.partition(":")
    given = argument.strip() if colon else None
    if name.strip() == VERIFIED:
        return _believed(resolver_of(required(VERIFIED, given, "another resolver", "header:x-consumer")))
    factory = BUILT_IN.get(name.strip())
    return factory(given) if factory is not None else _plug_in(name.strip(), given)


def _believed(resolver: Resolver) -> Resolver:
    if is_verified(resolver):
        return resolver

    @verified
    def believed(scope: Scope) -> str | None:
        return resolver(scope)

    return believed


def _plug_in(name: str, argument: str | None) -> Resolver:
    entry_point = next(iter(entry_points(group=ENTRY_POINT_GROUP, name=name)), None)
    if entry_point is None:
        names = {found.name for found in entry_points(group=ENTRY_POINT_GROUP)} | BUILT_IN.keys() | {VERIFIED}
        raise ConfigurationError(
            f"{SETTING}: there is no resolver {name!r}: use {', '.join(sorted(names))}, "
            f"or install a distribution with an entry point of the group {ENTRY_POINT_GROUP}"
        )
    return _loaded(entry_point, argument)


def _loaded(entry_point: EntryPoint, argument: str | None) -> Resolver:
    try:
        resolver: Resolver = entry_point.load()(argument)
    except ConfigurationError:
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ConfigurationError(
            f"{SETTING}: the plug-in {entry_point.name} ({entry_point.value}) cannot be used ({reason}): "
            "correct its argument, fix it or remove it from the setting"
        ) from error
    if not callable(resolver):
        raise ConfigurationError(
            f"{SETTING}: the plug-in {entry_point.name} ({entry_point.value}) returned no resolver: "
            "fix it or remove it from the setting"
        )
    return resolver
