"""A certificate authority of one's own, and a certificate for each part.

X.509 as in RFC 5280. Every certificate serves both ends of a connection: a part is server to some and client to others.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from reduse.errors import StackError
from reduse.settings import secret_files

PARTS = ("agent", "gateway", "processor", "prometheus", "kafka")
AUTHORITY = "ca"
AUTHORITY_DAYS = 3650
DAYS = 365
# What ends sooner is made anew.
RENEW_BEFORE = timedelta(days=30)
# Clocks of other machines may be behind.
BACKDATED = timedelta(minutes=5)
LOCAL = ("localhost", "127.0.0.1", "::1")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DNS_NAME = re.compile(rf"(\*\.)?({_LABEL}\.)*{_LABEL}", re.IGNORECASE)


@dataclass(frozen=True)
class Made:
    """A certificate in the folder: until when it holds, and whether it was made just now."""

    name: str
    file: Path
    until: datetime
    new: bool

    def as_dict(self) -> dict[str, object]:
        return {"name": self.name, "file": str(self.file), "until": self.until.isoformat(), "new": self.new}


def ensure(
    directory: Path, *, hosts: Sequence[str], now: datetime, days: int = DAYS, renew: bool = False
) -> list[Made]:
    """Make what is missing, wrong or about to end; keep the rest.

    Args:
        hosts: names and addresses, beside the local ones and those it had, under which parts are reached.
        days: for which a new certificate holds.
        renew: make every part's certificate anew, under the same authority.

    Raises:
        StackError: the folder cannot be written, a host is no name, or the authority's key is gone or of another one.
    """
    names = [_general_name(host) for host in hosts]
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        secret_files.close(directory)
        authority, key, new = _authority(directory, now)
        found = [Made(AUTHORITY, directory / f"{AUTHORITY}.crt", authority.not_valid_after_utc, new)]
        for part in PARTS:
            before = _before(directory, part, authority)
            has = _names(before) if before else []
            wanted = [*map(_general_name, (part, *LOCAL)), *names]
            keeps = not renew and before is not None and set(wanted) <= set(has) and _lasts(before, now)
            if before is None or not keeps:
                # A name that it had is kept too: who renews need not know them all.
                all_names = x509.SubjectAlternativeName(dict.fromkeys([*wanted, *has]))
                before = _issue(directory, part, all_names, (authority, key), now, timedelta(days=days))
            found.append(Made(part, directory / f"{part}.crt", before.not_valid_after_utc, not keeps))
    except OSError as error:
        raise StackError(f"{directory}: {error.strerror}: name a folder that can be written.") from None
    return found


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        if not _DNS_NAME.fullmatch(host):
            raise StackError(f"--host {host}: not a host name or an address.") from None
        return x509.DNSName(host)


def _authority(directory: Path, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey, bool]:
    """The authority's certificate and key, and whether they are new."""
    file, key_file = directory / f"{AUTHORITY}.crt", directory / f"{AUTHORITY}.key"
    cure = "put it back, or remove the folder to begin with a new authority (every part then needs its new files)."
    if not file.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "reduse development CA")])
        usage = _key_usage(signs_certificates=True)
        certificate = (
            _builder(name, name, key.public_key(), now, timedelta(days=AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, hashes.SHA256())
        )
        _write(directory, AUTHORITY, certificate, key)
        return certificate, key, True
    if not key_file.exists():
        raise StackError(f"{key_file} is missing, so no certificate can be signed: {cure}")
    certificate, key = _read(directory, AUTHORITY)
    if _public(certificate.public_key()) != _public(key.public_key()):
        raise StackError(f"{key_file} is not the key of {file}: {cure}")
    if certificate.not_valid_after_utc <= now:
        raise StackError(f"{file} expired on {certificate.not_valid_after_utc:%Y-%m-%d}: {cure}")
    if certificate.not_valid_before_utc > now:
        valid = f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        raise StackError(
            f"{file} is not valid before {valid}: either the clock is behind now, or it was ahead when the file was "
            "made; set the clock, or remove the folder to begin with a new authority (every part then needs its new "
            "files)."
        )
    return certificate, key, False


def _before(directory: Path, part: str, authority: x509.Certificate) -> x509.Certificate | None:
    """The part's certificate, if it is one of this authority and goes with its key."""
    try:
        certificate, key = _read(directory, part)
        certificate.verify_directly_issued_by(authority)
    except (StackError, FileNotFoundError, ValueError, TypeError, InvalidSignature):
        return None
    return certificate if _public(certificate.public_key()) == _public(key.public_key()) else None


def _names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    try:
        return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def _lasts(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc - RENEW_BEFORE


def _issue(
    directory: Path,
    part: str,
    names: x509.SubjectAlternativeName,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey],
    now: datetime,
    length: timedelta,
) -> x509.Certificate:
    authority, authority_key = issuer
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, part)])
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    certificate = (
        _builder(subject, authority.subject, key.public_key(), now, length)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(both, critical=False)
        .add_extension(names, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write(directory, part, certificate, key)
    return certificate


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, length: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + length)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _public(key: object) -> bytes:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return b""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _read(directory: Path, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate = x509.load_pem_x509_certificate((directory / f"{name}.crt").read_bytes())
    key = load_pem_private_key((directory / f"{name}.key").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise StackError(f"{directory / name}.key is not a key that was created by this command.")
    return certificate, key


def _write(directory: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """The key first: a certificate is never without it."""
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    secret_files.write(directory / f"{name}.key", private.decode())
    secret_files.write(directory / f"{name}.crt", certificate.public_bytes(Encoding.PEM).decode())
