"""An order goes through the whole company."""

import pytest

from tests.services.company import Company

pytestmark = pytest.mark.server


def test_an_order_becomes_a_job_and_its_status_comes_back(company: Company) -> None:
    order = company.place_order()
    company.wait_for_status(order["id"], "accepted")
    job = company.job_of(order["id"])
    assert company.mes.post(f"/jobs/{job}/claim", {"operator": "operator-01"}).status_code == 200
    company.wait_for_status(order["id"], "in_production")
    assert company.mes.post(f"/jobs/{job}/complete", {"operator": "operator-01"}).status_code == 200
    company.wait_for_status(order["id"], "completed")
    assert company.crm.patch(f"/orders/{order['id']}/status", {"status": "shipped"}).status_code == 200
    assert company.shop.get(f"/orders/{order['id']}").json()["status"] == "shipped"


def test_the_job_has_the_lines_and_the_price_of_the_order(company: Company) -> None:
    order = company.place_order()
    company.wait_for_status(order["id"], "accepted")
    rows = company.mes_db.execute(
        "SELECT article, quantity, price_cents FROM job JOIN job_line ON job_id = id WHERE order_id = %s",
        (order["id"],),
        database="mes",
    )
    assert rows == [(order["items"][0]["sku"], 3, order["total_cents"])]


def test_only_the_operator_who_claimed_completes(company: Company) -> None:
    order = company.place_order()
    company.wait_for_status(order["id"], "accepted")
    job = company.job_of(order["id"])
    assert company.mes.post(f"/jobs/{job}/complete", {"operator": "operator-01"}).status_code == 409
    assert company.mes.post(f"/jobs/{job}/claim", {"operator": "operator-01"}).status_code == 200
    assert company.mes.post(f"/jobs/{job}/claim", {"operator": "operator-02"}).status_code == 409
    assert company.mes.post(f"/jobs/{job}/complete", {"operator": "operator-02"}).status_code == 409
    # A request sent again because its answer was lost.
    assert company.mes.post(f"/jobs/{job}/claim", {"operator": "operator-01"}).status_code == 200
    rows = company.mes_db.execute("SELECT status, sequence FROM job WHERE id = %s", (job,), database="mes")
    assert rows == [("in_progress", 2)]


def test_what_a_clerk_cancelled_stays_cancelled(company: Company) -> None:
    order = company.place_order()
    company.wait_for_status(order["id"], "accepted")
    assert company.crm.patch(f"/orders/{order['id']}/status", {"status": "cancelled"}).status_code == 200
    job = company.job_of(order["id"])
    company.mes.post(f"/jobs/{job}/claim", {"operator": "operator-01"})
    company.settle()
    assert company.order_status(order["id"]) == "cancelled"
