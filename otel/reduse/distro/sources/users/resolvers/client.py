"""The user as the address that the request came from."""

from socket import AF_INET6, inet_ntop, inet_pton

from reduse.distro.sources.users.resolvers.resolver import Resolver, Scope, refuse_argument, verified

_NETWORK_BYTES = 8
_MAPPED_IPV4 = bytes(10) + b"\xff\xff"


def client(argument: str | None) -> Resolver:
    """The client's address, `scope["client"][0]`; of an IPv6 address the /64 that it is in.

    Behind a proxy that is the proxy's address, unless the server puts the real one there: uvicorn does with
    `--proxy-headers` and `--forwarded-allow-ips`.

    Raises:
        ConfigurationError: there is an argument.
    """
    refuse_argument("client", argument)
    return client_network


@verified
def client_network(scope: Scope) -> str | None:
    """The address or network of the client; None when the server knows none, as on a Unix socket."""
    address = scope.get("client")
    if not address:
        return None
    host: str = address[0]
    return ipv6_network(host) if ":" in host else host or None


def ipv6_network(host: str) -> str:
    """The /64 of an IPv6 address, such as `2001:db8::/64`.

    A host chooses the lower 64 bits as it likes, and a new choice each day (RFC 4291, section 2.5.1; RFC 8981): by
    whole addresses one host could be any number of users. An IPv4 address in IPv6 clothing (RFC 4291, section 2.5.5.2)
    is that IPv4 address. What is no address stays as it is.
    """
    try:
        packed = inet_pton(AF_INET6, host.partition("%")[0])
    except (OSError, ValueError):
        return host
    if packed.startswith(_MAPPED_IPV4):
        return ".".join(map(str, packed[len(_MAPPED_IPV4) :]))
    return f"{inet_ntop(AF_INET6, packed[:_NETWORK_BYTES] + bytes(_NETWORK_BYTES))}/64"
