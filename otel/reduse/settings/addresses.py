"""Addresses as settings: each is checked when it is read, long before a part would stumble over it."""

import os
import re
from email.utils import getaddresses
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

_HOST = re.compile(r"^[\w.-]+$|^\[[0-9A-Fa-f:.]+\]$")
_MAIL = re.compile(r"^[^\s@]+@[^\s@]+$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# As Go's parser has it, which reads these URLs in the end.
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# What may stand in a URL, and neither ends a string in YAML or JSON nor begins a variable of Grafana's.
_PLAIN_ADDRESS = re.compile(r"^[\w.~!&'()*+,;=:@%/?#\[\]-]*$", re.ASCII)
_USER = re.compile(r"^[\w.~!$&'()*+,;=:%@-]*$", re.ASCII)


def _web_address(text: str) -> str:
    if text and not _is_web_address(text):
        raise ValueError("must be a URL like https://example.org/hook")
    return text


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    bracketed = f"[{host}]" if ":" in host else host
    user = parts.netloc.rpartition("@")[0]
    stray = not _USER.match(user) or re.search(r"\s", text) or _CONTROL.search(text) or _STRAY_PERCENT.search(text)
    return parts.scheme in {"http", "https"} and _HOST.match(bracketed) is not None and not stray


def _runbook_address(text: str) -> str:
    if _web_address(text) and not _PLAIN_ADDRESS.match(text):
        raise ValueError("must be a URL like https://example.org/runbooks/*.md, without quotes, $ and spaces")
    return text


def _mail_addresses(text: str) -> str:
    found = getaddresses([text])
    if text and not (found and all(_MAIL.match(address) for _, address in found)):
        raise ValueError("must be mail addresses like team@example.org, several with commas")
    return text


def _mail_address(text: str) -> str:
    if text and (len(getaddresses([_mail_addresses(text)])) != 1):
        raise ValueError("must be one mail address like team@example.org")
    return text


def _host_and_port(text: str) -> str:
    host, _, port = text.rpartition(":")
    if text and not (_HOST.match(host) and port.isascii() and port.isdigit() and 0 < int(port) <= 65535):
        raise ValueError("must be host:port like mail.example.org:587")
    return text


def _header_value(text: str) -> str:
    if _CONTROL.search(text) or not text.isascii():
        raise ValueError("must be of printable ASCII characters")
    return text


def _absolute(path: Path) -> Path:
    """Parts have working folders of their own, and read their configuration line by line, as UTF-8."""
    text = str(path)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must be a path in UTF-8") from None
    if _CONTROL.search(text):
        raise ValueError("must be a path without control characters")
    return path.absolute()


def _one_spelling(path: Path) -> Path:
    """Whichever way a folder is named, by links too, it is the same folder: processes are known by its name."""
    absolute = _absolute(path)
    # One that leads nowhere, or in a circle, stays as it is, and is told so.
    nowhere = os.path.islink(absolute) and not os.path.exists(absolute)  # noqa: PTH110, PTH114 - as it raises nothing
    return absolute if nowhere else Path(os.path.realpath(absolute))


WebAddress = Annotated[str, AfterValidator(_web_address)]
RunbookAddress = Annotated[str, AfterValidator(_runbook_address)]
MailAddresses = Annotated[str, AfterValidator(_mail_addresses)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
HostAndPort = Annotated[str, AfterValidator(_host_and_port)]
HeaderValue = Annotated[str, AfterValidator(_header_value)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
RealFolder = Annotated[Path, AfterValidator(_one_spelling)]
