"""Certificates are made once, renewed in time, and good for both ends of a connection."""

import json
import shutil
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from reduse.cli.main import app
from reduse.errors import StackError
from reduse.operation import certificates
from reduse.operation.certificates import AUTHORITY_DAYS, PARTS, RENEW_BEFORE, ensure
from tests.properties import examples_over

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOSTS = st.sets(st.sampled_from(["monitoring.example.org", "*.pods.example.org", "192.0.2.10", "2001:db8::1"]))


def certificate(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())


def names(folder: Path, part: str) -> set[str]:
    found = certificate(folder, part).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in found}


def made_now(folder: Path, now: datetime, **options: object) -> list[str]:
    found = ensure(folder, hosts=options.pop("hosts", ()), now=now, **options)  # type: ignore[arg-type]
    return [each.name for each in found if each.new]


def test_the_first_call_makes_all_and_the_second_none(tmp_path: Path) -> None:
    assert made_now(tmp_path, NOW) == ["ca", *PARTS]
    assert made_now(tmp_path, NOW) == []


def test_only_the_owner_reads_them(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    ensure(folder, hosts=(), now=NOW)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert {path.suffix for path in folder.iterdir()} == {".crt", ".key"}


def test_what_ends_within_a_month_is_made_anew_under_the_same_authority(tmp_path: Path) -> None:
    ensure(tmp_path, hosts=["a.example.org"], now=NOW)
    authority = (tmp_path / "ca.crt").read_bytes()
    end = NOW + timedelta(days=certificates.DAYS)
    assert made_now(tmp_path, end - RENEW_BEFORE) == []
    assert made_now(tmp_path, end - RENEW_BEFORE + timedelta(seconds=1)) == list(PARTS)
    assert (tmp_path / "ca.crt").read_bytes() == authority
    assert "a.example.org" in names(tmp_path, "gateway")


def test_a_new_host_is_added_to_those_it_had(tmp_path: Path) -> None:
    ensure(tmp_path, hosts=["a.example.org"], now=NOW)
    assert made_now(tmp_path, NOW, hosts=["192.0.2.10"]) == list(PARTS)
    assert names(tmp_path, "agent") == {"agent", "localhost", "127.0.0.1", "::1", "a.example.org", "192.0.2.10"}
    assert made_now(tmp_path, NOW, hosts=["a.example.org"]) == []


def test_renewal_on_request_keeps_names_and_authority(tmp_path: Path) -> None:
    ensure(tmp_path, hosts=["a.example.org"], now=NOW)
    before = names(tmp_path, "processor")
    assert made_now(tmp_path, NOW, renew=True) == list(PARTS)
    assert names(tmp_path, "processor") == before


@pytest.mark.parametrize("damage", ["foreign", "broken", "other key", "gone"])
def test_a_certificate_that_is_none_of_ours_is_replaced(tmp_path: Path, damage: str) -> None:
    ours, other = tmp_path / "ours", tmp_path / "other"
    ensure(ours, hosts=(), now=NOW)
    ensure(other, hosts=(), now=NOW)
    if damage == "foreign":
        for ending in ("crt", "key"):
            shutil.copy(other / f"agent.{ending}", ours / f"agent.{ending}")
    elif damage == "broken":
        (ours / "agent.crt").write_text("nonsense")
    elif damage == "other key":
        shutil.copy(other / "agent.key", ours / "agent.key")
    else:
        (ours / "agent.key").unlink()
    assert made_now(ours, NOW) == ["agent"]


def test_without_the_authoritys_key_nothing_is_certified(tmp_path: Path) -> None:
    ours, other = tmp_path / "ours", tmp_path / "other"
    ensure(ours, hosts=(), now=NOW)
    ensure(other, hosts=(), now=NOW)
    shutil.copy(other / "ca.key", ours / "ca.key")
    with pytest.raises(StackError, match=r"ca\.key is not the key of .*put it back"):
        ensure(ours, hosts=(), now=NOW)
    (ours / "ca.key").unlink()
    with pytest.raises(StackError, match=r"ca\.key is missing.*put it back"):
        ensure(ours, hosts=(), now=NOW)


def test_an_authority_that_has_ended_is_not_used(tmp_path: Path) -> None:
    ensure(tmp_path, hosts=(), now=NOW)
    with pytest.raises(StackError, match=r"ca\.crt expired on 2035"):
        ensure(tmp_path, hosts=(), now=NOW + timedelta(days=AUTHORITY_DAYS))


def test_an_authority_that_was_made_while_the_clock_was_ahead_is_told(tmp_path: Path) -> None:
    """Nobody would believe what it signs, and why would be in no log of ours."""
    ensure(tmp_path, hosts=(), now=NOW + timedelta(hours=1))
    with pytest.raises(StackError, match=r"ca\.crt is not valid before 20.* UTC: either the clock is behind now"):
        ensure(tmp_path, hosts=(), now=NOW)
    # What other machines' clocks may differ by is allowed for.
    assert ensure(tmp_path, hosts=(), now=NOW + timedelta(minutes=56))


@pytest.mark.parametrize("host", ["", "two words", "http://a.example.org", "a..b", "-a", "a_b", "*"])
def test_what_is_no_host_is_named(tmp_path: Path, host: str) -> None:
    with pytest.raises(StackError, match=r"--host .*not a host name or an address"):
        ensure(tmp_path / "new", hosts=[host], now=NOW)
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=r"file.*name a folder that can be written"):
        ensure(tmp_path / "file" / "under", hosts=(), now=NOW)


@pytest.mark.slow
@settings(max_examples=examples_over(10))
@given(st.lists(st.tuples(HOSTS, st.integers(0, 500), st.booleans()), max_size=5))
def test_whatever_is_asked_all_certificates_are_good_afterwards(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[set[str], int, bool]]
) -> None:
    folder, now, hosts = tmp_path_factory.mktemp("certificates"), NOW, set[str]()
    for wanted, days, renew in steps:
        now += timedelta(days=days)
        hosts |= wanted
        ensure(folder, hosts=sorted(wanted), now=now, renew=renew)
        authority = certificate(folder, "ca")
        for part in PARTS:
            found = certificate(folder, part)
            found.verify_directly_issued_by(authority)
            assert found.not_valid_before_utc <= now <= found.not_valid_after_utc - RENEW_BEFORE
            assert hosts <= names(folder, part)
            # Not the default context, which reads all authorities of the system each time.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(folder / f"{part}.crt", folder / f"{part}.key")


def handshake(server: Path, client: Path, *, part: str | None = "agent", name: str = "localhost") -> None:
    """Between the processor in one folder and a part in another, in memory. Raises ssl.SSLError."""
    there = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(server / "ca.crt"))
    there.verify_mode = ssl.CERT_REQUIRED
    there.load_cert_chain(server / "processor.crt", server / "processor.key")
    here = ssl.create_default_context(cafile=str(client / "ca.crt"))
    if part is not None:
        here.load_cert_chain(client / f"{part}.crt", client / f"{part}.key")
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        here.wrap_bio(to_client, to_server, server_hostname=name),
        there.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue


def test_both_ends_accept_each_other(tmp_path: Path) -> None:
    ensure(tmp_path, hosts=["monitoring.example.org"], now=datetime.now(UTC))
    for name in ("localhost", "127.0.0.1", "processor", "monitoring.example.org"):
        handshake(tmp_path, tmp_path, name=name)


def test_a_wrong_name_is_refused(tmp_path: Path) -> None:
    ensure(tmp_path, hosts=(), now=datetime.now(UTC))
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(tmp_path, tmp_path, name="elsewhere.example.org")


def test_no_certificate_and_one_of_another_authority_are_refused(tmp_path: Path) -> None:
    ours, other = tmp_path / "ours", tmp_path / "other"
    for folder in (ours, other):
        ensure(folder, hosts=(), now=datetime.now(UTC))
    with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
        handshake(ours, ours, part=None)
    shutil.copy(ours / "ca.crt", other / "ca.crt")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(ours, other)


def test_the_command_tells_what_it_did(tmp_path: Path) -> None:
    command = ["certs", str(tmp_path), "--host", "a.example.org", "--json"]
    first = CliRunner().invoke(app, command)
    assert first.exit_code == 0
    told = json.loads(first.stdout)
    assert [each["name"] for each in told] == ["ca", *PARTS]
    assert all(each["new"] for each in told)
    second = CliRunner().invoke(app, command[:-1])
    assert second.stdout.count("kept") == len(told)
