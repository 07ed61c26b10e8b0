"""Few partners send most of the requests, and what is counted is what is reported."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from tests.services.company import ROOT


@pytest.fixture(autouse=True)
def traffic(monkeypatch: pytest.MonkeyPatch) -> None:
    """The load's modules are found from its own folder; none that imports locust is imported here."""
    monkeypatch.syspath_prepend(ROOT / "company" / "load")


def module(name: str) -> ModuleType:
    return importlib.import_module(f"traffic.{name}")


def test_the_shares_sum_to_one_and_fall_with_the_rank() -> None:
    weights = module("partner_choice").partner_weights(100, zipf_exponent=1.1, greedy_share=0.2)
    assert sum(weights) == pytest.approx(1.0)
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > 0.2 + weights[1]


def test_without_greed_and_skew_all_send_alike() -> None:
    assert set(module("partner_choice").partner_weights(4, 0.0, 0.0)) == {0.25}


def test_a_request_without_a_response_stands_apart(tmp_path: Path) -> None:
    requests = module("request_count")
    count = requests.RequestCount()
    price = requests.Answer("mes-api", "POST", "/partner/price", 200)
    count.record(price, 7, "partner-001", failed=False)
    count.record(price, 8, "partner-001", failed=True)
    count.record_unanswered("mes-api", refused=False)
    count.record_unanswered("crm-api", refused=True)
    count.record(requests.Answer("shop-api", "GET", "/products", 503), 7, None, failed=False)
    assert count.report() == {
        "shop-api": 1,
        "crm-api": 0,
        "mes-api": 2,
        "partners": {"partner-001": 2},
        "partners_failed": {},
        "failures": 3,
        "no_response": {"shop-api": 0, "crm-api": 1, "mes-api": 1},
        "refused": {"shop-api": 0, "crm-api": 1, "mes-api": 0},
        "answers": [["mes-api", "POST", "/partner/price", 200, 2], ["shop-api", "GET", "/products", 503, 1]],
        "seconds": [["mes-api", 7, 200, 1], ["mes-api", 8, 200, 1], ["shop-api", 7, 503, 1]],
    }
