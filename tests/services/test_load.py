"""The load generator counts exactly what it sends."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.services.company import ROOT, Company, Service
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server

LOCUST = [sys.executable, "-m", "locust", "-f", "company/load/locustfile.py", "--headless", "--only-summary"]


def run_load(environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LOCUST, *options],
        env={"PATH": "/usr/bin:/bin", "HOME": "/tmp", **environment},  # noqa: S108 - nothing is written there
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def served(service: Service) -> Counter[str]:
    """Requests in the access log by status, those for health left out."""
    lines = re.findall(r'HTTP/1\.1" (\d+)', re.sub(r".*/(healthz|readyz).*", "", service.log.read_text()))
    return Counter(lines)


def test_the_report_agrees_with_the_services(company: Company, tmp_path: Path) -> None:
    report_file = tmp_path / "report.json"
    keys_file = tmp_path / "keys.json"
    keys_file.write_text(json.dumps(company.partner_keys))
    services = {"shop-api": company.shop, "crm-api": company.crm, "mes-api": company.mes}
    before = {name: served(service) for name, service in services.items()}
    ended = run_load(
        {
            "LOAD_SHOP_URL": company.shop.url,
            "LOAD_CRM_URL": company.crm.url,
            "LOAD_MES_URL": company.mes.url,
            "LOAD_PARTNER_KEYS_FILE": str(keys_file),
            "LOAD_REPORT_FILE": str(report_file),
        },
        *("-u", "20", "-r", "20", "-t", "6s"),
    )
    assert ended.returncode == 0, ended.stderr
    report = json.loads(report_file.read_text())
    for name, service in services.items():
        answered = served(service) - before[name]
        assert report[name] == answered.total() > 0
        assert not [status for status in answered if status >= "500"]
    assert report["failures"] == 0
    assert set(report["no_response"].values()) == {0}
    assert 0 < sum(report["partners"].values()) < report["mes-api"]
    assert max(report["partners"], key=report["partners"].get) == "partner-001"


@pytest.mark.server
def test_the_rate_asked_for_is_about_the_rate_sent(company: Company, tmp_path: Path) -> None:
    report_file = tmp_path / "report.json"
    urls = {"LOAD_SHOP_URL": company.shop.url, "LOAD_CRM_URL": company.crm.url, "LOAD_MES_URL": company.mes.url}

    def sent() -> int:
        ended = run_load(
            {**urls, "LOAD_REPORT_FILE": str(report_file), "LOAD_RATE": "20"}, *("-u", "10", "-r", "10", "-t", "6s")
        )
        assert ended.returncode == 0, ended.stderr
        report = json.loads(report_file.read_text())
        assert report["partners"] == {}
        return sum(report[name] for name in ("shop-api", "crm-api", "mes-api"))

    # A machine that stands still for a second or two sends fewer; a wrong rate is wrong each time.
    assert any(80 <= sent() <= 140 for _ in range(5))


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("LOAD_RATE", "-1", "LOAD_RATE: "),
        ("LOAD_PARTNER_KEYS_FILE", "/nowhere", "cannot read /nowhere"),
        ("LOAD_SHOP_URL", "http://10.1.2.3:8001", "LOAD_ALLOWED_HOSTS"),
    ],
)
def test_a_bad_setting_is_one_line_and_exit_code_2(setting: str, value: str, said: str) -> None:
    ended = run_load({setting: value}, "-t", "1s")
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: ")
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
