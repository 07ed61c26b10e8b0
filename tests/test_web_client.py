"""What is on this machine is asked directly, whatever the shell says; all else by its proxy, which is named when it
cannot be used."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from reduse import web_client
from reduse.errors import SettingError
from reduse.operation import causes
from reduse.settings.stack import Settings
from reduse.stack.drill import traffic
from reduse.stack.supervision import INHERITED
from reduse.stack.up import wait_until_answering
from reduse.store.client import QueryError, StoreClient
from tests.store.test_client import serving

NOBODY = "http://127.0.0.1:9"
ODD = ["http://proxy:abc", "socks5://127.0.0.1:9", "ftp://proxy:1", "http://[::1", "::::", "http://a..b:1", NOBODY]
STORE = "http://store.example.org:9090"


@pytest.fixture
def answering() -> Iterator[str]:
    """A part that answers everything with an empty vector, or with 200."""
    body = b'{"status": "success", "data": {"resultType": "vector", "result": [], "groups": []}}'

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with serving(Handler) as url:
        yield url


@pytest.mark.parametrize(
    ("variable", "value"),
    [*(("HTTP_PROXY", value) for value in ODD), *((name, NOBODY) for name in ("http_proxy", "ALL_PROXY", "all_proxy"))],
)
def test_a_part_of_the_stack_is_asked_without_any_proxy(
    answering: str, variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("no_proxy", "http://,[::1")
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    wait_until_answering(f"{answering}/-/ready", "alertmanager", lambda: None)
    with StoreClient(answering) as client:
        assert client.query("up") == []
    port = int(answering.rpartition(":")[2])
    with StoreClient(f"http://localhost:{port}") as client:
        assert causes.find(client, Settings(alertmanager_port=port), 0.0).alerts == []
    with traffic.requests("GET", answering, rate=100, threads=1):
        pass


def test_a_proxy_that_cannot_be_used_on_the_way_to_another_machine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTP_PROXY", "all_proxy"):
        for value in ODD[:-2]:
            with monkeypatch.context() as shell:
                shell.setenv(variable, value)
                with pytest.raises(SettingError, match=variable) as caught:
                    StoreClient(STORE)
                assert "\n" not in str(caught.value)


def test_a_proxy_that_does_not_answer_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:hunter2@127.0.0.1:9")
    with StoreClient(STORE) as client, pytest.raises(QueryError, match="HTTP_PROXY=") as caught:
        client.query("up")
    assert "hunter2" not in str(caught.value)


def test_what_a_proxy_answers_in_the_place_of_a_store_is_told_as_its_own(
    answering: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", answering)
    with StoreClient(STORE) as client:
        assert client.query("up") == []


@pytest.mark.parametrize(
    "leaving_out", ["*", "other.org, *", "example.org", ".example.org", "store.example.org", "store.example.org:9090"]
)
def test_no_proxy_leaves_out_a_host(leaving_out: str) -> None:
    environment = {"HTTP_PROXY": NOBODY, "NO_PROXY": leaving_out}
    assert web_client.proxy_for(STORE, environment) is None
    assert web_client.proxy_for("http://other.example.com", {"HTTP_PROXY": NOBODY, "NO_PROXY": "example.org"})


@pytest.mark.parametrize("leaving_out", ["10.0.0.0/8", "10.1.2.3", "fd00::/8", "fd00::5", "[fd00::5]"])
def test_no_proxy_leaves_out_addresses_and_networks(leaving_out: str) -> None:
    url = "http://10.1.2.3:9090" if leaving_out.startswith("10") else "http://[fd00::5]:9090"
    assert web_client.proxy_for(url, {"all_proxy": NOBODY, "no_proxy": leaving_out}) is None
    assert web_client.proxy_for("http://11.0.0.1", {"all_proxy": NOBODY, "no_proxy": leaving_out}) is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST", "[::1]", "shop.localhost"])
def test_each_name_of_this_machine_is_its_own(host: str) -> None:
    assert web_client.proxy_for(f"http://{host}:1", {"HTTP_PROXY": NOBODY}) is None


def test_the_lower_case_and_the_scheme_count_first() -> None:
    environment = {"ALL_PROXY": "http://c:1", "HTTP_PROXY": "http://b:1", "http_proxy": "a:1"}
    assert web_client.proxy_for(STORE, environment) == web_client.Proxy("http_proxy", "http://a:1")
    assert web_client.proxy_for("https://store", environment) == web_client.Proxy("ALL_PROXY", "http://c:1")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_are_not_there_are_told_with_their_variable(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "none"))
    with pytest.raises(SettingError, match=variable):
        StoreClient("https://store.example.org")
    with pytest.raises(SettingError, match=variable):
        web_client.check_authorities()


def test_a_file_without_a_certificate_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no certificate\n")
    with pytest.raises(SettingError, match="SSL_CERT_FILE"):
        web_client.check_authorities({"SSL_CERT_FILE": str(tmp_path / "file")})


def test_what_sends_to_this_machine_alone_is_started_without_proxies() -> None:
    environment = {"PATH": "/bin", "http_proxy": NOBODY, "No_Proxy": "*", "ALL_PROXY": NOBODY}
    assert web_client.without_proxies(environment) == {"PATH": "/bin"}


def test_parts_get_no_proxy_of_the_shell() -> None:
    assert not set(web_client.PROXY_WORDS) & {name.lower() for name in INHERITED}
