"""Where a store is and how it is entered."""

import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

TENANT_HEADER = "X-Scope-OrgID"


@dataclass(frozen=True)
class Access:
    """A store's address and what it is shown.

    Attributes:
        url: with a path where the API is below one, e.g. `https://mimir.example.org/prometheus`.
        authorization: the header of that name; empty for none.
        verify: whom its certificate is checked by.
        tenant: whose samples are meant, at a store that keeps those of several (`X-Scope-OrgID`).
        address_setting: which setting says where it is, for whoever has to mend it.
        secret_setting: which one says what it is shown.
    """

    url: str
    authorization: str = ""
    verify: ssl.SSLContext | bool = True
    tenant: str = ""
    address_setting: str = "REDUSE_STORE_URL"
    secret_setting: str = "REDUSE_STORE_PASSWORD_FILE or REDUSE_STORE_TOKEN_FILE"  # noqa: S105 - a name

    @property
    def headers(self) -> Mapping[str, str]:
        given = {"Authorization": self.authorization, TENANT_HEADER: self.tenant}
        return {name: value for name, value in given.items() if value}


def basic(user: str, password: str) -> str:
    """The header for a user and a password (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def bearer(token: str) -> str:
    """The header for a token (RFC 6750)."""
    return f"Bearer {token}"
