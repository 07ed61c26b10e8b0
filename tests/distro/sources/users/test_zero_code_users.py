"""Who sent what, by environment variables alone: a real service, and what a real receiver then gets."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from reduse.wire import user_hash
from tests.distro.service import KEY, SCRIPTS, Service, environment, instrumented
from tests.otlp_receiver import OtlpReceiver
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server

ERRORS = "reduse.distro.resolver.errors"

PLUG_IN = """
def tenant(argument):
    def tenant_of(scope):
        headers = dict(scope["headers"])
        return {b"1": "first", b"2": "second"}[headers[argument.encode()]]
    return tenant_of
"""


class GuardedService(Service):
    application = "tests.distro.sources.users.guarded_app:app"

    def ask(self, path: str, **headers: str) -> int:
        """The status of one request."""
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=PATIENCE_SECONDS).status_code


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as started:
        yield started


def hashed(user: str) -> str:
    return user_hash(KEY.encode(), user)


def test_a_refused_request_is_nobodys_and_only_listed_routes_are_counted_by_user(receiver: OtlpReceiver) -> None:
    with GuardedService(
        receiver.endpoint, REDUSE_USER_RESOLVERS="cookie:account", REDUSE_USER_ROUTES="/guarded/*"
    ) as service:
        statuses = [
            service.ask("/guarded/1", password="right", cookie="account=ann"),
            service.ask("/guarded/2", password="wrong", cookie="account=ann"),
            service.ask("/guarded/3", password="right"),
            service.ask("/health", cookie="account=ann"),
            service.ask("/nowhere", cookie="account=ann"),
        ]
    assert statuses == [200, 401, 200, 200, 404]
    assert receiver.user_counts() == {hashed("ann"): 1, "-": 4}
    assert receiver.total("http.server.request.duration") == 5


def test_in_plain_mode_the_id_itself_arrives_as_another_attribute_and_it_is_said_once(receiver: OtlpReceiver) -> None:
    with GuardedService(
        receiver.endpoint, REDUSE_USER_MODE="plain", REDUSE_USER_RESOLVERS="header:x-user,client"
    ) as service:
        service.ask("/health", **{"x-user": "ann"})
        service.ask("/health", **{"x-user": "x" * 300})
        service.ask("/health")
    counts: Counter[object] = Counter()
    for point in receiver.named("reduse.user.request.duration"):
        assert "user.hash" not in point.attributes
        counts[point.attributes.get("user.id")] += int(point.value)
    (long,) = (user for user in counts if str(user).startswith("sha256:"))
    assert counts == {"ann": 1, "127.0.0.1": 1, long: 1, None: 0}
    assert service.output.count("the ids of users leave this service") == 1


def test_a_plug_in_is_found_by_its_entry_point_and_its_errors_are_counted(
    receiver: OtlpReceiver, tmp_path: Path
) -> None:
    metadata = tmp_path / "tenants-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: tenants\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[reduse_user_resolver]\ntenant = tenants:tenant\n")
    (tmp_path / "tenants.py").write_text(PLUG_IN)
    with GuardedService(
        receiver.endpoint, REDUSE_USER_RESOLVERS="tenant:x-tenant", PYTHONPATH=str(tmp_path)
    ) as service:
        for tenant in ("1", "2", "2", "secret", "secret"):
            service.ask("/health", **{"x-tenant": tenant})
    assert receiver.user_counts() == {hashed("first"): 1, hashed("second"): 2, "-": 2}
    assert receiver.total(ERRORS) == 2
    assert service.output.count("a resolver of REDUSE_USER_RESOLVERS raised KeyError") == 1
    assert "secret" not in service.output


def test_a_resolver_that_there_is_not_ends_the_process_with_one_line() -> None:
    variables = environment("http://127.0.0.1:1", REDUSE_USER_RESOLVERS="haeder:x-user")
    process = instrumented([str(SCRIPTS / "python"), "-c", "print('ran')"], variables)
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 2
    (line,) = output.splitlines()
    assert line.startswith("reduse: REDUSE_USER_RESOLVERS: there is no resolver 'haeder'")
