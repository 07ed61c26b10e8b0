"""From a request to its value in a Prometheus query, on the running stack.

Requests with a method that nobody else sends have a series of their own, so the n-th of them is visible
as soon as a query gives n. Run it with `./reduse bench freshness`.
"""

import argparse
import json
import random
import statistics
import sys
import threading
import time
from dataclasses import dataclass

from reduse import web_client
from reduse.operation import access
from reduse.settings.stack import Settings, load_settings
from reduse.stack.installation import Installation
from reduse.store.client import StoreClient

METHOD = "TRACE"
REQUESTS_PER_SECOND = 20
POLL_SECONDS = 0.02
GIVE_UP_SECONDS = 30
SERVICE = "shop-api"
SELECTOR = f'{{job="{SERVICE}",http_request_method="{METHOD}"}}'
COUNT = f"sum(last_over_time(http_server_request_duration_seconds_count{SELECTOR}[1d]))"


@dataclass(frozen=True)
class Freshness:
    """Seconds from the reply of a request until a query has counted it."""

    p50_s: float
    p99_s: float
    max_s: float
    samples: int
    unseen: int


def measure(settings: Settings, seconds: float) -> Freshness:
    """Send requests for `seconds`, poll Prometheus meanwhile, and give the distribution of the delays."""
    url = f"{Installation.of(settings).url(SERVICE)}/healthz"
    sent: list[float] = []
    with access.store(settings) as prometheus:
        base = settled_count(prometheus)
        sender = threading.Thread(target=send, args=(url, seconds, sent))
        sender.start()
        delays: list[float] = []
        deadline = time.monotonic() + seconds + GIVE_UP_SECONDS
        while (sender.is_alive() or len(delays) < len(sent)) and time.monotonic() < deadline:
            visible = round((prometheus.scalar(COUNT) or 0) - base)
            now = time.monotonic()
            delays.extend(now - moment for moment in sent[len(delays) : visible])
            time.sleep(POLL_SECONDS)
        sender.join()
    if len(delays) < 2:
        raise SystemExit("no request became visible in Prometheus: see `./reduse check`.")
    return Freshness(
        p50_s=round(statistics.median(delays), 3),
        p99_s=round(statistics.quantiles(delays, n=100, method="inclusive")[98], 3),
        max_s=round(max(delays), 3),
        samples=len(delays),
        unseen=len(sent) - len(delays),
    )


def settled_count(prometheus: StoreClient) -> float:
    """The count when it has not moved for three seconds: requests of an earlier run have all arrived."""
    count, since = prometheus.scalar(COUNT) or 0.0, time.monotonic()
    while time.monotonic() - since < 3:
        time.sleep(0.2)
        if (seen := prometheus.scalar(COUNT) or 0.0) != count:
            count, since = seen, time.monotonic()
    return count


def send(url: str, seconds: float, sent: list[float]) -> None:
    """Send requests at random moments, so that no export interval is met in step."""
    end = time.monotonic() + seconds
    with web_client.own(timeout=10) as client:
        while time.monotonic() < end:
            client.request(METHOD, url)
            sent.append(time.monotonic())
            time.sleep(random.expovariate(REQUESTS_PER_SECOND))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measure(load_settings(), arguments.seconds)
    if arguments.json:
        sys.stdout.write(json.dumps(vars(found)) + "\n")
    else:
        sys.stdout.write(
            f"From a request to its value in Prometheus: p50 {found.p50_s:.2f} s, p99 {found.p99_s:.2f} s, "
            f"max {found.max_s:.2f} s; {found.samples} requests, {found.unseen} not seen.\n"
        )


if __name__ == "__main__":
    main()
