"""A stack of an earlier release is loaded and killed; the one that is here goes on from its state, to the request."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from reduse.operation.access import stack_store
from reduse.settings.stack import Settings, settings_of
from reduse.stack.installation import Installation
from tests.e2e.stack import (
    START_SECONDS,
    STOP_SECONDS,
    Stack,
    environment_on_free_ports,
    kill_processes_of,
    processes_of,
    state_folder,
)
from tests.upgrade.release import RELEASES, Checkout, Release, checkout
from tests.waiting import wait_until

pytestmark = [pytest.mark.extended, pytest.mark.server, pytest.mark.e2e, pytest.mark.timeout(1800)]

LOAD_SECONDS = 10
RATE = 60
SERVICES = ("shop-api", "crm-api", "mes-api")


# Metrics have the name of their scope since 0.1.0: a series from before it goes on as another one.
TOTAL = "sum(max without (otel_scope_name) (last_over_time({}[1h])))"


def red(service: str, instances: str = ".*") -> str:
    """PromQL: its requests as RED has them, of instances that match."""
    return TOTAL.format(f'http_server_request_duration_seconds_count{{job="{service}",instance=~"{instances}"}}')


def queries(service: str) -> tuple[str, ...]:
    """PromQL: its requests as RED, as the totals of all users, and as the sum of the windows have them."""
    return (
        red(service),
        TOTAL.format(f'reduse_user_requests_total{{service="{service}"}}'),
        f'sum(sum_over_time(reduse_user_rate_per_second{{service="{service}"}}[1h]))',
    )


QUERIES = [query for service in SERVICES for query in queries(service)]


@dataclass(frozen=True)
class Earlier:
    """An earlier release's stack, running. `environment` is that of the release that is here, on the same ports."""

    checkout: Checkout
    state: Path
    environment: dict[str, str]

    def processes(self, *words: str) -> list[psutil.Process]:
        """Those of the stack in whose command line all of these are."""
        return [each for each in processes_of(self.state) if all(word in " ".join(each.cmdline()) for word in words)]

    def load(self, seconds: int, rate: float) -> dict[str, int]:
        """Its own load; how many requests each service has answered."""
        report = self.state / "load.json"
        port = self.environment.__getitem__
        (keys,) = (self.state / "secrets").glob("*partner*keys*")
        # Its status tells of answers that were errors, such as a product sold out; those are requests like any other.
        finished = subprocess.run(
            [
                *[str(self.checkout.python), "-m", "locust", "-f", str(self.checkout.locustfile)],
                *["--headless", "--only-summary", "--users", "20", "--spawn-rate", "20"],
                *["--run-time", f"{seconds}s", "--stop-timeout", "15"],
            ],
            cwd=self.checkout.root,
            env=self.checkout.environment(self.environment)
            | {
                "LOAD_SHOP_URL": f"http://127.0.0.1:{port('REDUSE_SHOP_API_PORT')}",
                "LOAD_CRM_URL": f"http://127.0.0.1:{port('REDUSE_CRM_API_PORT')}",
                "LOAD_MES_URL": f"http://127.0.0.1:{port('REDUSE_MES_API_PORT')}",
                "LOAD_PARTNER_KEYS_FILE": str(keys),
                "LOAD_RATE": str(rate),
                "LOAD_REPORT_FILE": str(report),
            },
            check=False,
            capture_output=True,
            text=True,
            timeout=seconds + 120,
        )
        assert report.exists(), finished.stderr
        found = json.loads(report.read_text())
        report.unlink()
        return {service: found[service] for service in SERVICES}


@pytest.fixture(scope="module", params=RELEASES, ids=lambda release: release.name)
def release(request: pytest.FixtureRequest) -> Release:
    found: Release = request.param
    return found


@pytest.fixture
def earlier(release: Release) -> Iterator[Earlier]:
    made = checkout(release, Settings().cache)
    with state_folder() as state:
        environment = environment_on_free_ports(state)
        made.reduse("up", "--detach", "--no-load", variables=environment, seconds=START_SECONDS)
        yield Earlier(made, state, environment)
    # It ended whatever is left of either stack.


def test_what_an_earlier_release_counted_and_still_held_is_exact(earlier: Earlier) -> None:
    """Its agent has a queue, its processor a state with open windows, Prometheus a log: all as kill -9 leaves them."""
    settings = settings_of(earlier.environment)
    with stack_store(settings) as prometheus:
        stack = Stack(Installation.of(settings, earlier.environment), earlier.environment, prometheus)
        before = stack.settled([red(service) for service in SERVICES])
        instances = instances_of(stack)
        first = earlier.load(LOAD_SECONDS, RATE)
        # Nothing more comes through to Prometheus: the agent has to keep it.
        for victim in earlier.processes("gateway"):
            victim.suspend()
        second = earlier.load(LOAD_SECONDS, RATE)
        end_services(earlier)
        kill(earlier)
        sent = [first[service] + second[service] for service in SERVICES]

        said = up(stack)
        assert goes_on_with_the_state(earlier), said
        # The new services have answered what waits for them: what the old ones counted is exact, and all agree.
        of_the_old = [red(service, instances) for service in SERVICES]
        assert grown(stack, of_the_old, before, sent) == sent
        totals = stack.settled(QUERIES)
        assert totals == [value for value in totals[:: len(queries(""))] for _ in queries("")]
        # And it goes on counting.
        more = stack.start_load(LOAD_SECONDS, RATE).finish()
        sent = [more[service] for service in SERVICES for _ in queries(service)]
        assert grown(stack, QUERIES, totals, sent) == sent
        finished = stack.reduse("down", timeout=STOP_SECONDS)
        assert finished.returncode == 0, finished.stdout + finished.stderr
    assert processes_of(earlier.state) == []


def instances_of(stack: Stack) -> str:
    """Of the services that run, as a regular expression."""
    services = "|".join(SERVICES)
    found = stack.prometheus.query(f'http_server_request_duration_seconds_count{{job=~"{services}"}}')
    return "|".join(sorted({sample.labels["instance"] for sample in found}))


def grown(stack: Stack, asked: Sequence[str], before: Sequence[float], sent: Sequence[int]) -> list[float]:
    """By how much each has grown, once it is what was sent, or after a while."""
    for query, base, number in zip(asked, before, sent, strict=True):
        stack.wait_for(query, base + number)
    # Nothing is counted a second time.
    return [value - base for value, base in zip(stack.settled(asked), before, strict=True)]


def end_services(earlier: Earlier) -> None:
    """As a supervisor ends them: what they counted last is with the agent then, and they do not come back."""
    for supervisor in earlier.processes("supervisord"):
        supervisor.suspend()
    services = [process for name in SERVICES for process in earlier.processes(name.replace("-", "_"))]
    assert services
    for process in services:
        process.send_signal(signal.SIGTERM)

    def ended() -> bool:
        return all(not each.is_running() or each.status() == psutil.STATUS_ZOMBIE for each in services)

    wait_until(ended, "the end of the services")


def kill(earlier: Earlier) -> None:
    """The machine goes away."""
    while processes_of(earlier.state):
        kill_processes_of(earlier.state)
        time.sleep(0.1)


def up(stack: Stack) -> str:
    """Start the release that is here on the state of the earlier one; what it prints."""
    finished = stack.reduse("up", "--detach", "--no-load", timeout=START_SECONDS)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def goes_on_with_the_state(earlier: Earlier) -> bool:
    """Whether the processor says so."""
    return "was written by an earlier release" in (earlier.state / "log" / "processor.log").read_text("utf-8")
