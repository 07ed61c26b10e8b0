"""Policies are shown with what was counted under them, from a real Prometheus."""

import io
import shutil
import time
from pathlib import Path

import pytest
from rich.console import Console

from reduse.operation.top_policies import PolicyLoad, policies, table
from reduse.store.client import StoreClient
from tests.recommendation.history import History, prometheus
from tests.recommendation.traffic import Traffic

LONG = 120
WINDOW = "1m"


@pytest.mark.server
@pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus on PATH: install the package")
def test_each_policy_has_its_rate_its_users_and_what_its_limits_would_reject(tmp_path: Path) -> None:
    start = int(time.time()) - LONG // 2
    traffic = Traffic(start, {"a": [4] * LONG, "b": [1] * LONG})
    history = History()
    history.processor("mes", "p", traffic, (2,))
    history.policy("mes", "p", "price", traffic, {"120/minute": (2.0, 2.0), "60/minute": (1.0, 1.0)})
    history.policy("mes", "q", "jobs", traffic.only(["b"]), {})
    history.policy("other", "q", "else", traffic, {})
    with prometheus(history, tmp_path) as port, StoreClient(f"http://127.0.0.1:{port}") as store:
        jobs, price = policies(store, "mes", WINDOW)
        assert policies(store, "nobody", WINDOW) == []
    assert (jobs.policy, jobs.users, jobs.rejected) == ("jobs", 1, {})
    assert jobs.rate == pytest.approx(1, rel=0.05)
    assert (price.policy, price.users, price.throttled) == ("price", 2, 0)
    assert price.rate == pytest.approx(5, rel=0.05)
    # Of a's four requests a second; b keeps within both.
    assert list(price.rejected) == ["60/minute", "120/minute"]
    assert price.rejected == pytest.approx({"60/minute": 3 / 5, "120/minute": 2 / 5}, rel=0.05)


def test_what_is_throttled_under_no_policy_is_named_so() -> None:
    output = io.StringIO()
    found = [PolicyLoad("price", 5.04, 1200, 0.0, {"60/minute": 0.125}), PolicyLoad("", None, None, 2.5, {})]
    Console(file=output, width=120).print(table(found, "mes", WINDOW))
    lines = [line.replace("│", " ").split() for line in output.getvalue().splitlines()]
    assert ["price", "5.0", "1,200", "0.0", "60/minute:", "12.5%"] in lines
    assert ["no", "policy", "2.5"] in lines
