"""Users are counted by policy, and apart when they were throttled: real services, and what a real receiver gets."""

from collections import Counter
from pathlib import Path

import httpx
import pytest

from reduse.wire import shard_number, shard_of, user_hash
from tests.distro.servers import Server
from tests.distro.service import KEY, SCRIPTS, environment, instrumented
from tests.otlp_receiver import GRPC, HTTP, OtlpReceiver
from tests.processor.process import running
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.server

METRIC = "reduse.user.request.duration"
APPLICATIONS = "tests.distro.sources.users.applications.priced"
FASTAPI = ["uvicorn", f"{APPLICATIONS}:app", "--port={port}", "--no-access-log"]
FLASK = ["flask", f"--app={APPLICATIONS}:flask", "run", "--port={port}"]
POLICIES = "price=POST /price;jobs=GET /jobs/*"
ACCEPTED = "2xx,429"

Group = tuple[str, object, object]


def ask(service: Server) -> Counter[Group]:
    """Requests of two users under each policy and none; how many, by user, policy and status where it is 429."""
    sent: Counter[Group] = Counter()
    with httpx.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client:
        for user, times in (("ann", 1), ("bob", 2)):
            for method, path, policy, too_many in [
                ("POST", "/price", "price", False),
                ("POST", "/price", "price", True),
                ("GET", "/jobs/3", "jobs", False),
                ("GET", "/jobs/4", "jobs", False),
                ("DELETE", "/jobs/3", None, False),
                ("GET", "/about", None, False),
            ]:
                headers = {"x-user": user} | ({"x-too-many": "1"} if too_many else {})
                for _ in range(times):
                    answer = client.request(method, path, headers=headers)
                    assert answer.status_code == (429 if too_many else 200)
                    sent[user_hash(KEY.encode(), user), policy, 429 if too_many else None] += 1
        client.get("/about")
        sent["-", None, None] += 1
    return sent


def counted(receiver: OtlpReceiver) -> Counter[Group]:
    counts: Counter[Group] = Counter()
    # Of an export that came again, and of the point that is in each shard, the first: it has the requests.
    unique = {(point.series, point.start, point.time): point for point in reversed(receiver.named(METRIC))}
    for point in unique.values():
        assert set(point.attributes) <= {"user.hash", "reduse.policy", "http.response.status_code"}
        group = (
            str(point.attributes.get("user.hash", "-")),
            point.attributes.get("reduse.policy"),
            point.attributes.get("http.response.status_code"),
        )
        counts[group] += int(point.value)
    return +counts


@pytest.mark.parametrize("protocol", [HTTP, GRPC])
@pytest.mark.parametrize("command", [FASTAPI, FLASK], ids=["fastapi", "flask"])
def test_each_request_is_in_the_point_of_its_user_policy_and_throttling(command: list[str], protocol: str) -> None:
    """Also when a reply is lost and the export comes again, and when users go out in shards."""
    settings = {"REDUSE_USER_POLICIES": POLICIES, "REDUSE_USER_ACCEPTED_STATUSES": ACCEPTED, "REDUSE_USER_SHARDS": "4"}
    with (
        OtlpReceiver(protocol=protocol, lose_replies=2, lose_replies_to=METRIC) as receiver,
        Server(receiver.endpoint, command, OTEL_EXPORTER_OTLP_PROTOCOL=protocol, **settings) as service,
    ):
        sent = ask(service)
        receiver.wait_for(lambda _: counted(receiver) == sent)
    assert counted(receiver) == sent
    assert {shard_number(key.encode()).shards for key in receiver.shards} == {4}
    by_request = {
        (point.request, str(point.attributes["user.hash"])) for point in receiver.named(METRIC) if point.attributes
    }
    for request in {request for request, _ in by_request}:
        assert len({shard_of(user, 4) for number, user in by_request if number == request}) == 1


def test_without_policies_only_throttled_requests_are_told_apart() -> None:
    with OtlpReceiver() as receiver:
        service = Server(receiver.endpoint, FASTAPI, REDUSE_USER_ACCEPTED_STATUSES=ACCEPTED)
        with service:
            sent = ask(service)
        expected: Counter[Group] = Counter()
        for (user, _, status), count in sent.items():
            expected[user, None, status] += count
        assert counted(receiver) == expected


def test_a_mistake_in_a_policy_ends_the_process_with_one_line() -> None:
    variables = environment("http://127.0.0.1:1", REDUSE_USER_POLICIES="price=BREW /price")
    process = instrumented([str(SCRIPTS / "python"), "-c", "print('ran')"], variables)
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 2
    (line,) = output.splitlines()
    assert line.startswith("reduse: REDUSE_USER_POLICIES: the method BREW is never reported by its name")


def test_the_processor_tries_limits_on_what_is_under_a_policy_and_tells_what_was_throttled(tmp_path: Path) -> None:
    """From requests to the metrics that are derived of them, by the real processor."""
    with (
        OtlpReceiver(protocol=GRPC) as gateway,
        running(
            tmp_path / "state",
            gateway.port,
            POLICY_LIMITS="example/price=2/minute,1000/hour;example/jobs=60/minute@3",
        ) as processor,
        Server(
            f"http://127.0.0.1:{processor.http_port}",
            FASTAPI,
            REDUSE_USER_POLICIES=POLICIES,
            REDUSE_USER_ACCEPTED_STATUSES=ACCEPTED,
        ) as service,
    ):
        sent = ask(service)

        def value(name: str, **labels: str) -> float:
            points = [point for point in gateway.latest(name) if labels.items() <= point.attributes.items()]
            return sum(point.value for point in points if set(point.attributes) == {"service", *labels})

        def derived() -> dict[str, float]:
            return {
                "price": value("reduse.policy.requests", policy="price"),
                "jobs": value("reduse.policy.requests", policy="jobs"),
                "throttled": value("reduse.throttled.requests", policy="price"),
                "users": value("reduse.policy.users", policy="price", window="1h"),
                "all": value("reduse.user.requests", identity="user"),
                "strict": value("reduse.rate_limit.rejected", policy="price", limit="2/minute", burst="2"),
                "mild": value("reduse.rate_limit.rejected", policy="price", limit="1000/hour", burst="1000"),
            }

        def under(policy: str) -> int:
            return sum(count for (_, of, _), count in sent.items() if of == policy)

        # Of ann's two requests a bucket of two refuses none, of bob's four it refuses two.
        expected = {"price": under("price"), "jobs": under("jobs"), "throttled": 3, "users": 2, "strict": 2, "mild": 0}
        expected["all"] = sum(count for (user, _, _), count in sent.items() if user != "-")
        wait_until(lambda: derived() == expected, "what is derived")
