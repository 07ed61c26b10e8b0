"""Clients of HTTP: what is on this machine is asked directly, all else by the proxy that the environment names.

The parts of a stack listen on 127.0.0.1, where no proxy reaches them: what `HTTP_PROXY` says is for other machines.
"""

import ipaddress
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from reduse.errors import SettingError
from reduse.redaction import without_secrets

AUTHORITIES, AUTHORITIES_FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"
PROXY_WORDS = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@dataclass(frozen=True)
class Proxy:
    """`variable`: what names it."""

    variable: str
    url: str

    def __str__(self) -> str:
        return f"{self.variable}={without_secrets(self.url)}"


def own(url: str = "", *, timeout: float, headers: Mapping[str, str] | None = None) -> httpx.Client:
    """A client for addresses of this machine, below `url` if it is given: no variable of the environment matters."""
    return httpx.Client(base_url=url, timeout=timeout, headers=headers, trust_env=False)


def ask_own(url: str, *, timeout: float) -> httpx.Response:
    """The answer of an address of this machine. Raises httpx.HTTPError."""
    with own(timeout=timeout) as client:
        return client.get(url)


def client(
    url: str,
    *,
    timeout: float,
    headers: Mapping[str, str] | None = None,
    verify: ssl.SSLContext | bool = True,
    environment: Mapping[str, str] = os.environ,
) -> httpx.Client:
    """A client for the address `url` and those below it.

    Raises:
        SettingError: a variable of the environment names a proxy, or certificates, that cannot be used.
    """
    proxy = proxy_for(url, environment)
    if verify is True and urlsplit(url).scheme == "https":
        verify = _authorities(environment)
    try:
        return httpx.Client(
            base_url=url,
            timeout=timeout,
            headers=headers,
            verify=verify,
            proxy=proxy.url if proxy else None,
            trust_env=False,
        )
    except (httpx.InvalidURL, ValueError, ImportError):
        if proxy is None:
            raise
        raise SettingError(
            f"{proxy}: cannot be used as the proxy on the way to {without_secrets(url)}: "
            f"name one like http://proxy.example.org:3128, or name the host in NO_PROXY."
        ) from None


def proxy_for(url: str, environment: Mapping[str, str] = os.environ) -> Proxy | None:
    """The proxy on the way to this address, and the variable that names it; None on this machine, and where NO_PROXY
    names its host."""
    host = _host(url)
    if is_own(host) or _left_out(host, url, environment):
        return None
    for word in (f"{urlsplit(url).scheme}_proxy", "all_proxy"):
        # As for everybody else: the lower case counts first.
        for name in (word, word.upper()):
            if value := environment.get(name, "").strip():
                return Proxy(name, value if "://" in value else f"http://{value}")
    return None


def is_own(host: str) -> bool:
    """Whether an address of this host is one of this machine's loopback interface."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def without_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """For a process that sends to this machine alone."""
    return {name: value for name, value in environment.items() if name.lower() not in PROXY_WORDS}


def _left_out(host: str, url: str, environment: Mapping[str, str]) -> bool:
    """NO_PROXY: names, with those below them, addresses, and networks; `*` is all."""
    text = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    if "*" in words:
        return True
    if (address := _address(host)) is not None:
        return any(address in network for word in words if (network := _network(word)) is not None)
    with_port = urlsplit(url).netloc.rpartition("@")[2].lower()
    return any(f".{each}".endswith(f".{word.lstrip('*').lstrip('.')}") for each in (host, with_port) for word in words)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _network(word: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(word.strip("[]"), strict=False)
    except ValueError:
        return None


def _authorities(environment: Mapping[str, str]) -> ssl.SSLContext | bool:
    """Whom certificates of other machines are checked by, as OpenSSL's variables say."""
    check_authorities(environment)
    if file := environment.get(AUTHORITIES):
        return ssl.create_default_context(cafile=file)
    if folder := environment.get(AUTHORITIES_FOLDER):
        return ssl.create_default_context(capath=folder)
    return True


def check_authorities(environment: Mapping[str, str] = os.environ) -> None:
    """Raise SettingError when a variable names certificates that are not there."""
    if file := environment.get(AUTHORITIES):
        try:
            ssl.create_default_context(cafile=file)
        except OSError as error:
            # ssl.SSLError is one: the file has no certificate.
            raise SettingError(
                f"{AUTHORITIES}={file}: {error.strerror or error}; name a file with CA certificates, or unset it."
            ) from None
    elif (folder := environment.get(AUTHORITIES_FOLDER)) and not any(map(_is_folder, folder.split(os.pathsep))):
        raise SettingError(f"{AUTHORITIES_FOLDER}={folder}: is not a folder with CA certificates; unset it.")


def _is_folder(folder: str) -> bool:
    try:
        return Path(folder).is_dir()
    except OSError:
        return False
