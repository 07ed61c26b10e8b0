"""What may be shown of a text that can hold a secret."""

import re

SHOWN_CHARACTERS = 60


def without_secrets(url: str) -> str:
    """A URL as it may be shown: what names the receiver's account is often in its path, or before its host."""
    scheme, separator, rest = url.rpartition("://") if "://" in url else ("", "", url)
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    shown = f"{scheme}{separator}{'…@' if '@' in host else ''}{host.rpartition('@')[2]}"
    shown = re.sub(r"[\s\x00-\x1f\x7f]+", " ", shown)[:SHOWN_CHARACTERS]
    return shown if len(host) == len(rest) and len(shown) < SHOWN_CHARACTERS else f"{shown}/…"
