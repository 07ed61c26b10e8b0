"""Who is told what, as Alertmanager's own tool has it: routes and receivers of a company."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from reduse.errors import SettingError
from reduse.monitoring import companies
from reduse.monitoring.alertmanager import Delivery, Integrations, document
from reduse.monitoring.origin import Origin
from reduse.watch.company import Company
from reduse.yaml_text import read_yaml
from tests.watch import strategies

ROOT = Path(__file__).parents[2]
ORIGIN = Origin("watch.yaml")
REFERENCE = companies.load(ROOT / "company/watch.yaml")

needs_amtool = pytest.mark.skipif(
    shutil.which("amtool") is None, reason="amtool is not on PATH: install prometheus-alertmanager"
)

TOLD = companies.parse(
    """
    company: Test
    services: [{name: shop.api}, {name: shop-api}, {name: pay, namespace: eu}]
    databases: [{name: orders, endpoint: "h:1", password_file: f}]
    receivers:
      - {name: shop people, webhook_url: "http://hook:1/shop"}
      - {name: payers, webhook_url: "http://hook:1/pay"}
      - {name: night, webhook_url: "http://hook:1/night"}
    notify:
      - {receiver: shop people, parts: [shop.api, orders]}
      - {receiver: payers, parts: [pay]}
      - {receiver: night, severity: critical}
    """
)


def configuration(company: Company, delivery: Delivery | None = None) -> dict[str, Any]:
    read: dict[str, Any] = read_yaml(document(company, ORIGIN, delivery))
    return read


def receivers(company: Company, delivery: Delivery | None = None) -> dict[str, dict[str, Any]]:
    return {receiver["name"]: receiver for receiver in configuration(company, delivery)["receivers"]}


def amtool(*arguments: str | Path) -> str:
    result = subprocess.run(["amtool", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture
def told(tmp_path: Path) -> Path:
    file = tmp_path / "alertmanager.yml"
    file.write_text(document(TOLD, ORIGIN), encoding="utf-8")
    return file


@needs_amtool
@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["alertname=CpuSaturated", "severity=warning", "job=shop-api"], "team"),
        (["alertname=CpuSaturated", "severity=warning", "job=shop.api"], "shop people,team"),
        (["alertname=DatabaseDeadlocks", "severity=warning", "job=orders"], "shop people,team"),
        (["alertname=SignalMissing", "severity=critical", "job=orders"], "shop people,night,on-call"),
        (["alertname=UserTakesUnfairShare", "severity=warning", "service=eu/pay"], "payers,team"),
        (["alertname=CpuSaturated", "severity=warning", "job=pay"], "team"),
        # It says both, and is told once.
        (["alertname=X", "severity=warning", "job=eu/pay", "service=eu/pay"], "payers,team"),
        (["alertname=Watchdog", "severity=none"], "heartbeat"),
    ],
)
def test_an_alert_goes_to_those_who_asked_for_its_part_beside_those_who_are_told_of_all(
    told: Path, labels: list[str], expected: str
) -> None:
    assert amtool("config", "routes", "test", f"--config.file={told}", *labels).strip() == expected


@needs_amtool
@pytest.mark.parametrize(
    ("labels", "expected"), [(["severity=critical"], "on-call"), (["severity=warning"], "team"), ([], "team")]
)
def test_without_receivers_of_its_own_all_goes_to_the_two_of_every_company(
    tmp_path: Path, labels: list[str], expected: str
) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(document(REFERENCE, ORIGIN), encoding="utf-8")
    assert amtool("config", "routes", "test", f"--config.file={file}", "job=shop-api", *labels).strip() == expected


def test_a_receiver_of_the_company_by_a_name_of_ours_adds_its_ways_to_it() -> None:
    company = companies.parse(
        "company: Test\nreceivers: [{name: team, webhook_url: 'http://own:1'}, {name: heartbeat, webhook_url: 'http://alive:1'}]"
    )
    default: Integrations = {"webhook_configs": [{"url": "http://ours:1", "send_resolved": True}]}
    found = receivers(company, Delivery(default=default))
    assert [hook["url"] for hook in found["team"]["webhook_configs"]] == ["http://ours:1", "http://own:1"]
    assert [hook["url"] for hook in found["on-call"]["webhook_configs"]] == ["http://ours:1"]
    assert found["heartbeat"]["webhook_configs"] == [{"url": "http://alive:1", "send_resolved": False}]


def test_mail_and_chat_take_their_server_and_secrets_from_elsewhere() -> None:
    company = companies.parse("company: Test\nreceivers: [{name: all, email_to: a@b.c, telegram_chat: -5}]")
    delivery = Delivery(mail={"from": "x@y.z", "smarthost": "h:25"}, telegram={"bot_token": "1:a"})
    assert receivers(company, delivery)["all"] == {
        "name": "all",
        "email_configs": [{"to": "a@b.c", "from": "x@y.z", "smarthost": "h:25", "send_resolved": True}],
        "telegram_configs": [{"chat_id": -5, "bot_token": "1:a", "send_resolved": True}],
    }


@pytest.mark.parametrize(
    ("way", "setting"),
    [("email_to: a@b.c", "REDUSE_ALERT_SMTP_SERVER"), ("telegram_chat: 5", "REDUSE_ALERT_TELEGRAM_TOKEN_FILE")],
)
def test_a_receiver_that_lacks_a_server_names_the_setting(way: str, setting: str) -> None:
    company = companies.parse(f"company: Test\nreceivers: [{{name: all, {way}}}]")
    with pytest.raises(SettingError, match=f"receiver all .*{setting}"):
        document(company, ORIGIN)


def test_a_secret_url_stays_in_its_file_and_one_from_the_environment_is_read() -> None:
    company = companies.parse(
        "company: Test\n"
        "receivers: [{name: a, webhook_url_file: hook}, {name: b, webhook_url: '${env:HOOK:-http://default:1}'}]"
    )
    found = receivers(company, Delivery(environment={"HOOK": "http://given:1"}))
    assert found["a"]["webhook_configs"] == [{"url_file": "hook", "send_resolved": True}]
    assert found["b"]["webhook_configs"] == [{"url": "http://given:1", "send_resolved": True}]


def test_a_file_that_an_old_alertmanager_cannot_read_says_so_and_what_to_write_instead() -> None:
    company = companies.parse(
        "company: Test\nreceivers: [{name: a, webhook_url_file: hook}, {name: b, telegram_chat: 3}]"
    )
    text = document(company, ORIGIN, Delivery(telegram={"bot_token_file": "token"}))
    assert text.splitlines()[1] == (
        "# This needs Alertmanager 0.26 or later, for url_file and bot_token_file. Debian 12 has 0.25: there write url "
        "and bot_token with the secret itself."
    )
    assert "0.26" not in document(TOLD, ORIGIN)


@pytest.mark.slow
@given(strategies.companies())
def test_what_is_written_is_the_same_each_time(company: Company) -> None:
    assert document(company, ORIGIN) == document(company, ORIGIN)


@pytest.mark.slow
@needs_amtool
@pytest.mark.parametrize(
    "company", [strategies.ONE_SERVICE, strategies.many(200, 50), TOLD], ids=["one service", "many", "told"]
)
def test_amtool_takes_it(tmp_path: Path, company: Company) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(document(company, ORIGIN), encoding="utf-8")
    amtool("check-config", file)


@pytest.mark.slow
@needs_amtool
def test_amtool_takes_odd_names(tmp_path: Path) -> None:
    company = Company.model_validate(
        {
            "company": "Odd",
            "services": [
                {
                    "name": name,
                    "uses": [f"db {name}"],
                    "consumes": [{"broker": "hare", "vhost": name, "queue": name}],
                }
                for name in strategies.ODD_NAMES
            ],
            "databases": [
                {"name": f"db {name}", "endpoint": "h:1", "password_file": "f"} for name in strategies.ODD_NAMES
            ],
            "brokers": [{"name": "hare", "management_url": "http://h:1", "password_file": "f"}],
            "receivers": [{"name": name, "webhook_url": "http://h:1"} for name in strategies.ODD_NAMES],
            "notify": [{"receiver": name, "parts": [name, f"db {name}"]} for name in strategies.ODD_NAMES],
        }
    )
    file = tmp_path / "alertmanager.yml"
    file.write_text(document(company, ORIGIN), encoding="utf-8")
    amtool("check-config", file)
    for name in strategies.ODD_NAMES:
        chosen = amtool("config", "routes", "test", f"--config.file={file}", f'job="{_quoted(name)}"').strip()
        assert chosen == f"{name},team"


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')
