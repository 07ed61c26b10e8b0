"""Shop API."""

import uuid

import pytest

from tests.services.company import Company

pytestmark = pytest.mark.server

BODY = {"customer_id": "customer-0042", "items": [{"product_id": 1, "quantity": 2}, {"product_id": 50, "quantity": 1}]}


def test_the_catalogue_comes_in_pages(company: Company) -> None:
    first = company.shop.get("/products", params={"limit": 30}).json()
    second = company.shop.get("/products", params={"limit": 30, "after": first[-1]["id"]}).json()
    assert [product["id"] for product in first + second] == list(range(1, 51))


def test_an_order_has_the_prices_of_the_catalogue(company: Company) -> None:
    order = company.shop.post("/orders", BODY)
    assert order.status_code == 201
    prices = {number: company.shop.get(f"/products/{number}").json()["price_cents"] for number in (1, 50)}
    assert order.json()["total_cents"] == 2 * prices[1] + prices[50]
    assert company.shop.get(f"/orders/{order.json()['id']}").json()["items"] == order.json()["items"]


def test_an_order_sent_again_with_its_key_is_placed_once(company: Company) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = company.shop.post("/orders", BODY, headers=key)
    second = company.shop.post("/orders", BODY, headers=key)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["id"] == first.json()["id"]
    other = company.shop.post("/orders", {**BODY, "items": BODY["items"][:1]}, headers=key)
    assert other.status_code == 422
    assert "Idempotency-Key" in other.json()["detail"]


@pytest.mark.parametrize("path", ["/products/51", f"/orders/{uuid.UUID(int=4)}"])
def test_what_does_not_exist_is_404(company: Company, path: str) -> None:
    assert company.shop.get(path).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {**BODY, "items": []},
        {**BODY, "customer_id": "nul\x00"},
        {**BODY, "items": [{"product_id": 1, "quantity": 0}]},
        {**BODY, "items": [{"product_id": 51, "quantity": 1}]},
        {**BODY, "items": [{"product_id": 2**31, "quantity": 1}]},
        {**BODY, "items": [{"product_id": 1, "quantity": 1}] * 2},
        {**BODY, "total_cents": 1},
    ],
)
def test_a_bad_order_is_422(company: Company, body: object) -> None:
    assert company.shop.post("/orders", body).status_code == 422


def test_a_bad_id_is_422(company: Company) -> None:
    assert company.shop.get("/orders/7").status_code == 422
    assert company.shop.get(f"/products/{2**80}").status_code == 422
