"""The examples do what they are for, watched or not."""

import asyncio
import importlib
from pathlib import Path
from typing import Any

import httpx
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NORTH, SOUTH = ({"x-api-key": f"demo-key-{customer}"} for customer in ("north", "south"))


def application(monkeypatch: pytest.MonkeyPatch, example: str, module: str) -> Any:
    monkeypatch.syspath_prepend(str(EXAMPLES / example))
    return importlib.import_module(module).app


class Billing:
    """The billing API without a server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._app = application(monkeypatch, "fastapi", "billing.app")

    def get(self, path: str, headers: dict[str, str]) -> httpx.Response:
        return asyncio.run(self._ask("GET", path, None, headers))

    def post(self, path: str, headers: dict[str, str], content: object = None) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, content, headers))

    async def _ask(self, method: str, path: str, content: object, headers: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://billing") as client:
            return await client.request(method, path, json=content, headers=headers)


def test_billing_lets_a_customer_pay_an_invoice_once(monkeypatch: pytest.MonkeyPatch) -> None:
    billing = Billing(monkeypatch)
    made = billing.post("/invoices", NORTH, {"description": "hosting", "cents": 1200})
    assert made.status_code == 201
    path = f"/invoices/{made.json()['number']}"
    assert billing.post(f"{path}/payment", NORTH).json()["paid"] is True
    assert billing.post(f"{path}/payment", NORTH).status_code == 409
    assert billing.get(path, NORTH).json()["paid"] is True


def test_billing_shows_a_customer_no_invoice_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    billing = Billing(monkeypatch)
    number = billing.post("/invoices", NORTH, {"description": "hosting", "cents": 1}).json()["number"]
    assert billing.get(f"/invoices/{number}", SOUTH).status_code == 404
    assert number not in [invoice["number"] for invoice in billing.get("/invoices", SOUTH).json()]
    assert billing.get("/invoices", {"x-api-key": "wrong-key"}).status_code == 401
    assert billing.get("/invoices", {}).status_code == 401


def test_whoever_has_a_parcels_number_finds_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = httpx.ASGITransport(application(monkeypatch, "fastapi", "parcels.app"))

    async def ask(method: str, path: str, content: object = None, key: str = "") -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://parcels") as client:
            return await client.request(method, path, json=content, headers={"x-api-key": key})

    parcel = {"address": "1 Main Street", "grams": 500}
    made = asyncio.run(ask("POST", "/parcels", parcel, "demo-key-east"))
    assert made.status_code == 201
    assert asyncio.run(ask("GET", f"/parcels/{made.json()['number']}")).json()["place"] == "handed in"
    assert asyncio.run(ask("GET", "/parcels/999")).status_code == 404
    assert asyncio.run(ask("POST", "/parcels", parcel, "wrong-key")).status_code == 401
    assert asyncio.run(ask("POST", "/parcels", {**parcel, "grams": 0}, "demo-key-east")).status_code == 422


def test_the_helpdesk_keeps_the_tickets_of_its_customers_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    client = application(monkeypatch, "flask", "helpdesk.app").test_client()
    north, south = {"x-customer": "north"}, {"x-customer": "south"}
    number = client.post("/tickets", json={"subject": "no light"}, headers=north).json["number"]
    assert client.get(f"/tickets/{number}", headers=north).json["subject"] == "no light"
    assert client.get(f"/tickets/{number}", headers=south).status_code == 404
    assert client.get("/tickets", headers=south).json == []
    assert client.get("/tickets").status_code == 401
    assert client.post("/tickets", json={"subject": ""}, headers=north).status_code == 400


def test_the_helpdesks_route_is_the_rule_and_never_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    application(monkeypatch, "flask", "helpdesk.app")
    rule = importlib.import_module("helpdesk.asgi").rule
    assert rule({"path": "/tickets/7", "method": "GET"}) == "/tickets/<int:number>"
    assert rule({"path": "/tickets/seven", "method": "GET"}) is None
    assert rule({"path": "/tickets", "method": "DELETE"}) is None
