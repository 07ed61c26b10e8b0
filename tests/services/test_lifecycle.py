"""Services start and stop whatever else runs."""

import time
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.services.company import Company, Service, service_environment

pytestmark = pytest.mark.server


@pytest.mark.parametrize("name", ["shop_api", "crm_api", "mes_api"])
def test_a_service_is_up_but_not_ready_while_nothing_else_runs_and_stops_soon(tmp_path: Path, name: str) -> None:
    service = Service(name, service_environment(name, tmp_path, free_port(), free_port()), tmp_path)
    try:
        service.start()
        assert service.get("/healthz").status_code == 200
        answer = service.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"database": False, "broker": False})
    finally:
        began = time.monotonic()
        service.stop()
    assert time.monotonic() - began < 7
    assert "Traceback" not in service.log.read_text()


def test_a_second_shop_shares_the_outbox(company: Company) -> None:
    second = Service("shop_api", company.shop.environment, company.secrets)
    try:
        second.start()
        second.wait_until_ready()
        orders = [company.place_order() for _ in range(20)]
        for order in orders:
            company.wait_for_status(order["id"], "accepted")
    finally:
        second.stop()
    jobs = company.mes_db.execute(
        "SELECT count(*) FROM job WHERE order_id::text = ANY(%s)", ([order["id"] for order in orders],), database="mes"
    )
    assert jobs == [(20,)]
