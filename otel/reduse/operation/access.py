"""How the store is asked: the one that a setting names, else that of the stack on this machine."""

import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from reduse.errors import SettingError
from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.store.access import Access, basic, bearer
from reduse.store.client import TIMEOUT_SECONDS, StoreClient

STORE_USER = "reduse"
PASSWORD = "prometheus_password"  # noqa: S105 - the name of its file
CONSOLE_TOKEN = "console_token"  # noqa: S105 - the same
AUTHORITY = "ca.crt"

Kind = Literal["prometheus", "victoriametrics"]


@dataclass(frozen=True)
class OwnStore:
    """The stack's own store as it was started last, whatever the settings are now."""

    kind: Kind
    secure: bool


def remember(settings: Settings, store: OwnStore) -> None:
    """For whoever asks while it runs."""
    file = _file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"kind": store.kind, "secure": store.secure}), encoding="utf-8")


def own_store(settings: Settings) -> OwnStore:
    try:
        known = json.loads(_file(settings).read_text(encoding="utf-8"))
        return OwnStore(known["kind"], known["secure"])
    except (OSError, ValueError, TypeError, KeyError):
        return OwnStore(kind(settings), secure=False)


def kind(settings: Settings) -> Kind:
    """What REDUSE_STORE asks for, whichever release of it."""
    return "victoriametrics" if settings.store == "victoriametrics" else "prometheus"


def own_access(settings: Settings) -> Access:
    """Of the stack on this machine."""
    store = own_store(settings)
    victoria = store.kind == "victoriametrics"
    address = f"127.0.0.1:{settings.victoriametrics_port if victoria else settings.prometheus_port}"
    setting = f"REDUSE_{store.kind.upper()}_PORT, or REDUSE_STORE_URL,"
    if not store.secure:
        return Access(f"http://{address}", address_setting=setting, secret_setting="REDUSE_STATE_DIR")  # noqa: S106
    return Access(
        f"https://{address}",
        basic(STORE_USER, secret_files.read(settings.secrets_dir, PASSWORD)),
        ssl.create_default_context(cafile=str(settings.certificates_dir / AUTHORITY)),
        address_setting=setting,
        secret_setting="REDUSE_STATE_DIR",  # noqa: S106 - a name
    )


def store_access(settings: Settings) -> Access:
    """Of the store that REDUSE_STORE_URL names, else of the stack's own.

    Raises:
        SettingError: one setting lacks another, or names a file that cannot be used.
    """
    if not settings.store_url:
        for name in ("user", "password_file", "token_file", "ca_file", "tenant"):
            if getattr(settings, f"store_{name}"):
                raise SettingError(f"REDUSE_STORE_{name.upper()} is set: set REDUSE_STORE_URL too, or unset it.")
        return own_access(settings)
    parts = urlsplit(settings.store_url)
    if parts.username or parts.password:
        raise SettingError(
            "REDUSE_STORE_URL has a user before its host: put the name into REDUSE_STORE_USER "
            "and the password into a file, which REDUSE_STORE_PASSWORD_FILE names."
        )
    return Access(settings.store_url.rstrip("/"), _authorization(settings), _authority(settings), settings.store_tenant)


def _authorization(settings: Settings) -> str:
    user, password, token = settings.store_user, settings.store_password_file, settings.store_token_file
    if token is not None:
        if user or password is not None:
            raise SettingError("REDUSE_STORE_TOKEN_FILE is set beside a user or a password: unset one of the two.")
        return bearer(secret_files.line("REDUSE_STORE_TOKEN_FILE", token))
    if user and password is None:
        raise SettingError("REDUSE_STORE_USER is set: set REDUSE_STORE_PASSWORD_FILE too, or unset it.")
    if password is None:
        return ""
    if not user:
        raise SettingError("REDUSE_STORE_PASSWORD_FILE is set: set REDUSE_STORE_USER too, or unset it.")
    return basic(user, secret_files.line("REDUSE_STORE_PASSWORD_FILE", password))


def _authority(settings: Settings) -> ssl.SSLContext | bool:
    file = settings.store_ca_file
    if file is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(file))
    except OSError as error:
        # ssl.SSLError is one: the file is no certificate.
        raise SettingError(
            f"REDUSE_STORE_CA_FILE={file}: {error.strerror or error}; name the file with the CA certificate."
        ) from None


def store(settings: Settings, *, timeout: float = TIMEOUT_SECONDS) -> StoreClient:
    """A client of the store that whoever operates the system asks; `timeout` in seconds."""
    return StoreClient(store_access(settings), timeout=timeout)


def stack_store(settings: Settings) -> StoreClient:
    """A client of the stack's own store, whatever REDUSE_STORE_URL says: for what starts the stack or makes faults."""
    return StoreClient(own_access(settings))


def alertmanager_url(settings: Settings) -> str:
    """Of the Alertmanager that REDUSE_ALERTMANAGER_URL names, else of the stack's own."""
    return settings.alertmanager_url.rstrip("/") or f"http://127.0.0.1:{settings.alertmanager_port}"


def _file(settings: Settings) -> Path:
    return settings.run_dir / "store.json"
