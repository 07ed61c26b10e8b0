"""No message is lost, none is done twice, and none that can be handled later is thrown away."""

import json

import pytest

from tests.services.company import Company, eventually

pytestmark = pytest.mark.server


def job_status(order_id: str, status: str, sequence: int) -> bytes:
    return json.dumps({"order_id": order_id, "status": status, "sequence": sequence}).encode()


def test_an_order_delivered_again_makes_no_second_job(company: Company) -> None:
    order = company.place_order()
    company.wait_for_status(order["id"], "accepted")
    letters = company.queue_depth("dead-letters")
    for _ in range(3):
        company.publish("orders", "order.created", json.dumps(order).encode())
    company.settle()
    rows = company.mes_db.execute("SELECT sequence FROM job WHERE order_id = %s", (order["id"],), database="mes")
    assert rows == [(1,)]
    told = company.mes_db.execute(
        "SELECT count(*) FROM outbox WHERE body ->> 'order_id' = %s", (order["id"],), database="mes"
    )
    assert told == [(1,)]
    assert company.queue_depth("dead-letters") == letters


def test_statuses_that_arrive_in_the_wrong_order_or_again_end_at_the_newest(company: Company) -> None:
    order = company.place_order()
    company.wait_for_status(order["id"], "accepted")
    for status, sequence in (("completed", 3), ("in_progress", 2), ("completed", 3), ("queued", 1)):
        company.publish("jobs", "job.status", job_status(order["id"], status, sequence))
    company.settle()
    assert company.order_status(order["id"]) == "completed"


@pytest.mark.parametrize(
    ("exchange", "routing_key", "body"),
    [
        ("orders", "order.created", b"not JSON"),
        ("orders", "order.created", b'{"id": "7d3cf5a8-55d1-4b0e-8d8f-3a3f5e6c9a10", "total_cents": 5, "items": []}'),
        (
            "orders",
            "order.created",
            b'{"id": "7d3cf5a8-55d1-4b0e-8d8f-3a3f5e6c9a11", "total_cents": -5, "items":[{"sku":"A","quantity":1}]}',
        ),
        ("jobs", "job.status", job_status("7d3cf5a8-55d1-4b0e-8d8f-3a3f5e6c9a12", "queued", 1)),
        ("jobs", "job.status", job_status("7d3cf5a8-55d1-4b0e-8d8f-3a3f5e6c9a12", "melted", 1)),
    ],
    ids=["not JSON", "no items", "negative price", "unknown order", "unknown status"],
)
def test_a_message_that_can_never_be_handled_becomes_a_dead_letter(
    company: Company, exchange: str, routing_key: str, body: bytes
) -> None:
    letters = company.queue_depth("dead-letters")
    company.publish(exchange, routing_key, body)
    eventually(lambda: company.queue_depth("dead-letters") == letters + 1, "dead letter")
    company.settle()


def test_an_order_placed_while_the_broker_is_down_is_accepted_and_published_later(company: Company) -> None:
    company.broker.stop()
    try:
        order = company.place_order()
        eventually(lambda: company.shop.get("/readyz").status_code == 503, "unreadiness")
        assert company.shop.get(f"/orders/{order['id']}").json()["status"] == "placed"
    finally:
        company.broker.start()
    company.wait_for_status(order["id"], "accepted")
    for service in (company.shop, company.crm, company.mes):
        service.wait_until_ready()


def test_a_message_waits_while_the_database_is_down(company: Company) -> None:
    letters = company.queue_depth("dead-letters")
    company.mes_db.stop()
    try:
        order = company.place_order()
        answer = company.mes.get("/jobs")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        # A key not seen yet cannot be looked up: that is no reason to call it invalid.
        answer = company.mes.post("/partner/price", {}, headers={"x-api-key": "unknown"})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert company.mes.get("/readyz").status_code == 503
        assert company.mes.get("/healthz").status_code == 200
        eventually(lambda: company.queue_depth("mes.orders") == 1, "message back in its queue")
    finally:
        company.mes_db.start()
    company.wait_for_status(order["id"], "accepted")
    assert company.queue_depth("dead-letters") == letters
    # The connections that the pool held are dead: nobody sees that.
    assert {company.mes.get("/jobs").status_code for _ in range(20)} == {200}
    company.mes.wait_until_ready()
