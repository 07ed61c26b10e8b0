"""CRM API."""

import uuid

import pytest

from tests.services.company import Company

pytestmark = pytest.mark.server


def test_pages_of_a_customers_orders_hold_each_once_newest_first(company: Company) -> None:
    customer = f"customer-{uuid.uuid4()}"
    placed = [company.place_order(customer)["id"] for _ in range(7)]
    found: list[str] = []
    query: dict[str, str | int] = {"customer": customer, "limit": 3}
    while True:
        page = company.crm.get("/orders", params=query).json()
        found += [order["id"] for order in page["orders"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == placed[::-1]


def test_orders_are_found_by_status(company: Company) -> None:
    order = company.place_order()
    company.wait_for_status(order["id"], "accepted")
    page = company.crm.get("/orders", params={"status": "accepted", "limit": 100}).json()
    assert order["id"] in {found["id"] for found in page["orders"]}
    assert {found["status"] for found in page["orders"]} == {"accepted"}


def test_an_illegal_transition_is_409_and_changes_nothing(company: Company) -> None:
    order = company.place_order()
    company.wait_for_status(order["id"], "accepted")
    answer = company.crm.patch(f"/orders/{order['id']}/status", {"status": "delivered"})
    assert answer.status_code == 409
    assert "accepted" in answer.json()["detail"]
    assert company.order_status(order["id"]) == "accepted"


def test_an_unknown_order_is_404(company: Company) -> None:
    unknown = uuid.uuid4()
    assert company.crm.get(f"/orders/{unknown}").status_code == 404
    assert company.crm.patch(f"/orders/{unknown}/status", {"status": "shipped"}).status_code == 404


@pytest.mark.parametrize("query", ["status=melted", "limit=0", "limit=101", "cursor=nonsense", "customer=%00"])
def test_a_bad_query_is_422(company: Company, query: str) -> None:
    assert company.crm.get(f"/orders?{query}").status_code == 422


def test_an_unknown_status_is_422(company: Company) -> None:
    order = company.place_order()
    assert company.crm.patch(f"/orders/{order['id']}/status", {"status": "melted"}).status_code == 422
