"""Whether this release reads what another one has written.

What an older release wrote is read, or converted. What a newer one wrote is left as it is, and the process ends: to
begin with an empty state, or to leave a record out, would lose what the newer release still has.
"""

from __future__ import annotations


class NewerFormatError(Exception):
    """A newer release wrote this. It is neither used nor changed."""


def check_format(what: str, found: int, newest: int, oldest: int | None = None) -> None:
    """`what` names what is read; this release reads its formats from `oldest` (else only the newest) to `newest`.

    Raises NewerFormatError, and ValueError for a format that was never released or is no longer read.
    """
    read = f"format {newest}" if oldest in (None, newest) else f"formats {oldest} to {newest}"
    if found > newest:
        raise NewerFormatError(f"{what} was written by a newer release: it has format {found}, this one reads {read}")
    if found < (newest if oldest is None else oldest):
        raise ValueError(f"{what} has format {found}, but this release reads {read}")
