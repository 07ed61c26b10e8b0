"""Ways to a server, and why there is none, in the words of the collector's receivers."""

import ssl
from collections.abc import Mapping
from pathlib import Path

from reduse.operation.watching.finding import missing
from reduse.operation.watching.lookup import NotThereError

TIMEOUT_SECONDS = 4.0
"""Of each step, as that of a scrape."""

UNREACHABLE, TIMEOUT, AUTHENTICATION, PERMISSION = "unreachable", "timeout", "authentication", "permission"
TLS, OTHER = "tls", "other"


def tls_context(files: Mapping[str, Path], of: str) -> ssl.SSLContext:
    """`files`: ca_file, cert_file and key_file, where they are given. Raises NotThereError."""
    authority = files.get("ca_file")
    try:
        context = ssl.create_default_context(cafile=str(authority) if authority else None)
        if "cert_file" in files:
            context.load_cert_chain(files["cert_file"], files["key_file"])
    except (ssl.SSLError, OSError):
        told = "a file of `tls` is no certificate or key, or may not be read"
        raise NotThereError(missing(of, told, "name files in PEM", TLS)) from None
    return context


def reason_of(error: BaseException | None) -> str:
    """Why the network gave no connection; what caused an error says more than the error itself."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        error = error.__cause__ or error.__context__
    if any(isinstance(each, ssl.SSLError) for each in seen):
        return TLS
    if any(isinstance(each, TimeoutError) for each in seen):
        return TIMEOUT
    return UNREACHABLE
