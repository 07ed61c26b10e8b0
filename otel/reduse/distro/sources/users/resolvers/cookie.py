"""The user as a cookie names it."""

from reduse.distro.sources.users.resolvers.changing import SIGNED_DATA, signed_data_notice
from reduse.distro.sources.users.resolvers.resolver import Resolver, Scope
from reduse.distro.sources.users.resolvers.token_within import named_value


def cookie(argument: str | None) -> Resolver:
    """The last cookie of this name, without the quotes around its value, when it is there and not empty.

    `session:jwt:sub` is that claim of the JSON Web Token in the cookie `session`.

    RFC 6265, section 4.2.1; HTTP/2 may spread the cookies over several headers (RFC 9113, section 8.2.3). The last,
    because that is the one that Starlette's `request.cookies` shows the application.

    Raises:
        ConfigurationError: the name is missing, or none that a cookie can have.
    """
    wanted, claim_in = named_value("cookie", argument, "the name of a cookie", "session")
    say_that_it_changes = signed_data_notice(f"cookie:{wanted.decode()}")

    def cookie_of(scope: Scope) -> str | None:
        found = None
        for name, cookies in scope.get("headers", ()):
            if name == b"cookie":
                value = cookie_value(cookies, wanted)
                found = found if value is None else value
        if not found:
            return None
        if claim_in is not None:
            return claim_in(found)
        if found.startswith(SIGNED_DATA):
            say_that_it_changes()
        return found.decode("utf-8", "surrogateescape")

    return cookie_of


def cookie_value(cookies: bytes, wanted: bytes) -> bytes | None:
    """The value of the last cookie of a name in one `Cookie` header.

    Searched for from the end, so that the other cookies cost next to nothing; no pair is looked at twice.
    """
    end = len(cookies)
    while (found := cookies.rfind(wanted, 0, end)) >= 0:
        start = cookies.rfind(b";", 0, found) + 1
        name, equals, value = cookies[start:end].partition(b";")[0].partition(b"=")
        if equals and name.strip() == wanted:
            return _unquoted(value.strip())
        end = max(0, start - 1)
    return None


def _unquoted(value: bytes) -> bytes:
    quoted = len(value) > 1 and value.startswith(b'"') and value.endswith(b'"')
    return value[1:-1] if quoted else value
