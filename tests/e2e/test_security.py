"""With security on everything works as without, and whoever has no business with a part is refused."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import httpx
import psutil
import pytest

from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack import credentials
from tests.distro.service import Service
from tests.e2e.counts import SERVICES, Counts, awaited_counts, per_user, settled_counts
from tests.e2e.stack import Stack, processes_of, running_stack
from tests.intruders import Identity, expired, export, gauge, of_another_authority, users_of
from tests.reference import ROWS
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [pytest.mark.server, pytest.mark.e2e]

LOAD_SECONDS = 8
RATE = 30
USER = "somebody@example.com"


@pytest.fixture(scope="module")
def secure() -> Iterator[Stack]:
    with running_stack(REDUSE_SECURITY="true") as running:
        yield running


@pytest.fixture(scope="module")
def ours(secure: Stack) -> Identity:
    return Identity(secure.settings.certificates_dir, "agent")


def token(secure: Stack) -> str:
    return secret_files.read(secure.settings.secrets_dir, "agent_token")


def test_all_twelve_rows_are_live_and_counts_are_exact(secure: Stack) -> None:
    before = settled_counts(secure)
    report = secure.start_load(LOAD_SECONDS, RATE).finish()
    sent = {name: report[name] for name in SERVICES}
    assert awaited_counts(secure, before, sent) == Counts(red=sent, per_user=sent, windows=sent)
    assert secure.checked() == ([row.name for row in ROWS], 0)


def test_the_console_shows_nothing_without_its_token(secure: Stack) -> None:
    """And with it what the store says, which it asks by TLS and with a password."""
    url = f"http://127.0.0.1:{secure.settings.console_port}"
    assert httpx.get(url, timeout=PATIENCE_SECONDS).headers["location"] == "/enter"
    assert httpx.get(f"{url}/api/definition", timeout=PATIENCE_SECONDS).status_code == httpx.codes.UNAUTHORIZED
    assert httpx.get(f"{url}/api/stream?topic=state", timeout=PATIENCE_SECONDS).status_code == httpx.codes.UNAUTHORIZED
    shown = secret_files.read(secure.settings.secrets_dir, "console_token")
    headers = {"Authorization": f"Bearer {shown}"}
    with httpx.stream("GET", f"{url}/api/stream?topic=state", headers=headers, timeout=PATIENCE_SECONDS) as answer:
        event = next(line for line in answer.iter_lines() if line.startswith("data: "))
    rows = json.loads(event.removeprefix("data: "))["data"]["rows"]
    assert [row["row"] for row in rows] == [row.name for row in ROWS]


def strangers(folder: Path, secure: Stack) -> dict[str, Identity]:
    ours = secure.settings.certificates_dir
    return {
        "plain text": Identity(),
        "no certificate": Identity(ours),
        "an expired certificate": expired(folder / "expired", ours),
        "a certificate of another authority": of_another_authority(folder / "other", ours),
    }


Port = Callable[[Settings], int]
DOORS: dict[str, Port] = {
    "gateway": lambda settings: settings.gateway_port,
    "processor": lambda settings: settings.processor_port,
}


@pytest.mark.parametrize("door", DOORS)
def test_only_our_certificates_open_gateway_and_processor(secure: Stack, tmp_path: Path, door: str) -> None:
    port = DOORS[door](secure.settings)
    for number, (name, stranger) in enumerate(strangers(tmp_path, secure).items()):
        body = gauge(f"intruder_{number}") if door == "gateway" else users_of("intruder")
        assert export(stranger, port, body) is grpc.StatusCode.UNAVAILABLE, name


def test_the_processor_counts_and_names_who_is_refused_over_http(secure: Stack, tmp_path: Path) -> None:
    settings = secure.settings
    refused = 'reduse_processor_requests_total{outcome="unauthenticated"}'
    before = own_metric(settings.processor_metrics_port, refused)
    found = strangers(tmp_path, secure)
    for stranger in found.values():
        scheme = "http" if stranger.folder is None else "https"
        with pytest.raises(httpx.TransportError):
            httpx.post(
                f"{scheme}://127.0.0.1:{settings.processor_http_port}/v1/metrics",
                content=users_of("intruder"),
                headers={"content-type": "application/x-protobuf"},
                verify=stranger.verify(),
                timeout=PATIENCE_SECONDS,
            )
    wait_until(
        lambda: own_metric(settings.processor_metrics_port, refused) == before + len(found), "the refusals' count"
    )
    assert (settings.log_dir / "processor.log").read_text().count(
        "refused connections without a valid certificate"
    ) == 1


def test_the_agent_takes_only_who_has_the_token(secure: Stack) -> None:
    settings = secure.settings
    someone = Identity(settings.certificates_dir)
    refused = 'rpc_response_status_code="UNAUTHENTICATED"'
    before = own_metric(settings.agent_metrics_port, "rpc_server_call_duration_count", refused)
    port, intruder = settings.agent_port, gauge("intruder")
    for wrong in (None, "", "guessed", token(secure)[:-1]):
        assert export(someone, port, intruder, wrong) is grpc.StatusCode.UNAUTHENTICATED
    assert export(Identity(), port, intruder, token(secure)) is grpc.StatusCode.UNAVAILABLE
    wait_until(
        lambda: own_metric(settings.agent_metrics_port, "rpc_server_call_duration_count", refused) == before + 4,
        "the refusals' count",
    )
    over_http = f"https://127.0.0.1:{settings.agent_http_port}/v1/metrics"
    headers = {"content-type": "application/x-protobuf", "authorization": "Bearer guessed"}
    answer = httpx.post(over_http, content=intruder, headers=headers, verify=someone.verify(), timeout=PATIENCE_SECONDS)
    assert answer.status_code == httpx.codes.UNAUTHORIZED
    assert not answers_in_plain(over_http)


def test_a_service_with_a_wrong_token_says_so_once(secure: Stack, tmp_path: Path) -> None:
    wrong = tmp_path / "token"
    wrong.write_text("guessed\n")
    settings = secure.settings
    with Service(
        f"https://127.0.0.1:{settings.agent_http_port}",
        OTEL_SERVICE_NAME="intruder",
        OTEL_EXPORTER_OTLP_CERTIFICATE=str(settings.certificates_dir / "ca.crt"),
        REDUSE_TOKEN_FILE=str(wrong),
    ) as service:
        for _ in range(10):
            service.get("/", users=[USER])
    # A port may have these digits too.
    assert service.output.count("responded with 401") == 1
    assert "guessed" not in service.output


def test_prometheus_wants_user_and_password(secure: Stack) -> None:
    settings = secure.settings
    url = f"https://127.0.0.1:{settings.prometheus_port}/api/v1/"
    verify = Identity(settings.certificates_dir).verify()
    password = secret_files.read(settings.secrets_dir, "prometheus_password")
    for auth in (None, ("reduse", "guessed"), ("admin", password)):
        for path in ("query?query=up", "write"):
            assert (
                httpx.post(url + path, auth=auth, verify=verify, timeout=PATIENCE_SECONDS).status_code
                == httpx.codes.UNAUTHORIZED
            )
    assert not answers_in_plain(url + "query?query=up")


def test_nothing_behind_a_refusal_has_moved(secure: Stack, ours: Identity) -> None:
    """What is sent afterwards, rightly, is there: so what was sent before would be."""
    settings = secure.settings
    taken = grpc.StatusCode.OK
    assert export(ours, settings.gateway_port, gauge("guest_gateway")) is taken
    assert export(ours, settings.processor_port, users_of("guest")) is taken
    service = Identity(settings.certificates_dir)
    assert export(service, settings.agent_port, gauge("guest_agent"), token(secure)) is taken
    assert secure.wait_for("guest_gateway", 1) == 1
    assert secure.wait_for("guest_agent", 1) == 1
    assert secure.wait_for(per_user("guest"), 3) == 3
    intruders = '{__name__=~"intruder.*"} or {job="intruder"} or {service="intruder"}'
    assert secure.prometheus.query(f"last_over_time(({intruders})[1h:1s])") == []


def test_no_secret_and_no_users_id_is_anywhere_but_where_it_belongs(secure: Stack) -> None:
    """Logs, metrics, state and configuration on disk; command lines; what Prometheus keeps."""
    settings = secure.settings
    partners: dict[str, str] = json.loads(secure.installation.secret("partner_keys.json").read_text())
    words = {
        *partners,
        *partners.values(),
        *(
            secret_files.read(settings.secrets_dir, name)
            for name in credentials.passwords(secure.installation.processes)
        ),
        secret_files.read(settings.secrets_dir, "prometheus_credentials"),
        *(
            line
            for key in settings.certificates_dir.glob("*.key")
            for line in key.read_text().splitlines()
            if "PRIVATE" not in line and len(line) > 20
        ),
    }
    wanted = [word.encode() for word in words]
    # The company's own stores, where its partners and roles are at home.
    stores = [settings.data_dir / name for name in ("shop-db", "mes-db", "rabbitmq")]
    files = [
        path
        for folder in (settings.log_dir, settings.data_dir, settings.run_dir)
        for path in folder.rglob("*")
        if path.is_file() and not any(path.is_relative_to(store) for store in stores)
    ]
    assert {path.parent.name for path in files} >= {"log", "processor", "agent-queue", "wal"}
    assert [path for path in files if any(word in path.read_bytes() for word in wanted)] == []
    ports = (settings.agent_metrics_port, settings.gateway_metrics_port, settings.processor_metrics_port)
    pages = [httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_SECONDS).content for port in ports]
    assert not any(word in page for page in pages for word in wanted)
    for process in processes_of(settings.state_dir):
        try:
            line = "\0".join(process.cmdline()).encode()
        except psutil.NoSuchProcess:
            continue
        assert not any(word in line for word in wanted), process


def own_metric(port: int, *parts: str) -> float:
    """The sum of the series of a page whose line has all these parts."""
    lines = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_SECONDS).text.splitlines()
    found = [line for line in lines if not line.startswith("#") and all(part in line for part in parts)]
    return sum(float(line.rsplit(" ", 1)[1]) for line in found)


def answers_in_plain(url: str) -> bool:
    """Whether a TLS port does anything but refuse plain text: by a word of HTTP, or by hanging up."""
    try:
        answer = httpx.get(url.replace("https", "http"), timeout=PATIENCE_SECONDS)
    except httpx.TransportError:
        return False
    return answer.status_code != httpx.codes.BAD_REQUEST
