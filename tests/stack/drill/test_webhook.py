"""The webhook tells when an alert came, and of what came before only what is asked for."""

import time

import httpx

from reduse.stack.drill.webhook import Webhook


def tell(webhook: Webhook, status: str, **labels: str) -> None:
    alert = {"status": status, "labels": labels}
    assert httpx.post(webhook.url, json={"alerts": [alert]}).status_code == 200


def test_it_waits_for_the_alert_with_these_labels_in_this_status() -> None:
    with Webhook() as webhook:
        begun = time.monotonic()
        tell(webhook, "firing", alertname="A", job="x")
        tell(webhook, "resolved", alertname="B", job="x")
        assert webhook.wait({"alertname": "A"}, "firing", begun, 5) is not None
        assert webhook.wait({"alertname": "A", "job": "y"}, "firing", begun, 0) is None
        assert webhook.wait({"alertname": "A"}, "resolved", begun, 0) is None


def test_what_came_before_the_fault_does_not_count() -> None:
    with Webhook() as webhook:
        tell(webhook, "firing", alertname="A")
        assert webhook.wait({"alertname": "A"}, "firing", time.monotonic(), 0) is None


def test_an_alert_fires_until_its_own_end_is_told() -> None:
    with Webhook() as webhook:
        assert not webhook.firing({"alertname": "A"})
        tell(webhook, "firing", alertname="A", user="x")
        tell(webhook, "firing", alertname="A", user="y")
        tell(webhook, "resolved", alertname="A", user="x")
        assert webhook.firing({"alertname": "A"})
        assert not webhook.firing({"alertname": "A", "user": "x"})
        tell(webhook, "resolved", alertname="A", user="y")
        assert not webhook.firing({"alertname": "A"})
