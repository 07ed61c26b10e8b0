"""Users are who was let in: applications of several shapes under `opentelemetry-instrument`, each request accounted."""

import base64
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest

from reduse.wire import user_hash
from tests.distro.service import KEY, Service
from tests.distro.sources.users.applications import articles, items, logins
from tests.distro.sources.users.tokens import signed
from tests.otlp_receiver import OtlpReceiver
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server

DURATION = "http.server.request.duration"
ERRORS = "reduse.distro.resolver.errors"


NO_HEADERS: Mapping[str, str] = {}
NOT_JSON = b"{"
# A server may close the connection after an error of the application, so each request has one of its own.
USUAL = {"content-type": "application/json", "connection": "close"}


class Sent(NamedTuple):
    """A request, how it is answered, and whom it counts for; None is unidentified. A body is JSON, or NOT_JSON."""

    method: str
    path: str
    status: int
    user: str | None = None
    headers: Mapping[str, str] = NO_HEADERS
    body: Any = None


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as started:
        yield started


def account(receiver: OtlpReceiver, application: str, requests: Sequence[Sent], **settings: str) -> Service:
    """Send the requests; their number, their statuses and users must be what was counted."""

    class Shaped(Service):
        pass

    Shaped.application = f"tests.distro.sources.users.applications.{application}:app"
    started = Shaped(receiver.endpoint, OTEL_METRIC_EXPORT_INTERVAL="60000", **settings)
    with started as service, httpx.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client:
        for sent in requests:
            client.cookies.clear()
            body = {"content": sent.body, "json": None} if sent.body == NOT_JSON else {"json": sent.body}
            answer = client.request(sent.method, sent.path, headers=USUAL | dict(sent.headers), **body)
            assert answer.status_code == sent.status, sent
    counted: Counter[int] = Counter()
    for point in receiver.latest(DURATION):
        counted[int(point.attributes["http.response.status_code"])] += int(point.value)
    assert counted == Counter(sent.status for sent in requests)
    named = Counter(user_hash(KEY.encode(), sent.user) if sent.user else "-" for sent in requests)
    users = {user: count for user, count in receiver.user_counts().items() if count}
    assert users == named
    return service


def key(value: str, **more: str) -> dict[str, str]:
    return {"x-api-key": value, **more}


ANN = key("key-of-ann")
PREFLIGHT = {"origin": "https://shop.example", "access-control-request-method": "GET"}

ACCEPTED = [
    Sent("GET", "/parts/3", 200, "key-of-ann", ANN),
    Sent("GET", "/parts/3", 200, "key-of-bob", key("key-of-bob")),
    Sent("POST", "/parts", 201, "key-of-ann", ANN, {"length": 3}),
    Sent("DELETE", "/parts/2", 204, "key-of-ann", ANN),
    Sent("DELETE", "/parts/1", 409, "key-of-ann", ANN),
    Sent("GET", "/parts/10", 404, "key-of-ann", ANN),
    Sent("GET", "/within/parts", 200, "key-of-ann", ANN),
]
REFUSED = [
    *(Sent("GET", "/parts/3", 403, None, key(f"forged-{number}")) for number in range(3)),
    Sent("GET", "/parts/10", 403, None, key("forged")),
    Sent("DELETE", "/parts/1", 403, None, key("forged")),
    Sent("GET", "/within/parts", 403, None, key("forged")),
    Sent("GET", "/parts/3", 401),
]
NOT_CHECKED = [
    Sent("GET", "/nowhere", 404, None, key("forged")),
    Sent("HEAD", "/parts/3", 405, None, key("forged")),
    Sent("PUT", "/parts", 405, None, key("forged"), {"length": 3}),
    Sent("POST", "/parts", 422, None, key("forged"), NOT_JSON),
    Sent("GET", "/slashed", 307, None, key("forged")),
    Sent("GET", "/within/nowhere", 404, None, key("forged")),
    Sent("POST", "/within/parts", 405, None, key("forged")),
    Sent("GET", "/files/nowhere", 404, None, key("forged")),
    Sent("OPTIONS", "/parts/3", 200, None, key("forged", **PREFLIGHT)),
    Sent("OPTIONS", "/parts/3", 405, None, key("forged")),
    Sent("GET", "/parts/3", 429, None, key("forged", **{"x-limited": "1"})),
    Sent("GET", "/parts/3", 500, None, key("key-that-breaks")),
    Sent("GET", "/prices", 200, None, key("forged")),
    Sent("GET", "/docs", 200, None, key("forged")),
]


def test_keys_that_were_not_accepted_are_nobodys(receiver: OtlpReceiver) -> None:
    account(
        receiver,
        "keyed",
        [*ACCEPTED, *REFUSED, *NOT_CHECKED],
        REDUSE_USER_RESOLVERS="authenticated,header:x-api-key",
        REDUSE_USER_PUBLIC_ROUTES="/prices,/docs*",
    )


def test_bearer_tokens_answered_with_403(receiver: OtlpReceiver) -> None:
    """The victim's name in a token that somebody else signed is nobody's request."""
    ann, bob, zoe = (str(UUID(int=number)) for number in (1, 2, 3))

    def by(subject: str, signed_by: str = items.KEY) -> dict[str, str]:
        return {"authorization": f"Bearer {items.token_for(subject, signed_by)}"}

    absent = f"/api/v1/items/{UUID(int=9)}"
    requests = [
        Sent("POST", "/api/v1/login/access-token", 200, None, {}, {"email": "ann@example.org", "password": "right"}),
        Sent("POST", "/api/v1/login/access-token", 400, None, {}, {"email": "ann@example.org", "password": "wrong"}),
        *[Sent("GET", "/api/v1/users/me", 200, ann, by(ann))] * 4,
        *[Sent("GET", "/api/v1/users/me", 200, bob, by(bob))] * 2,
        *[Sent("GET", "/api/v1/users/me", 403, None, by(ann, "another key"))] * 3,
        Sent("GET", "/api/v1/users/me", 403, None, {"authorization": "Bearer rubbish"}),
        Sent("GET", "/api/v1/users/me", 401),
        Sent("GET", "/api/v1/users/me", 400, None, by(zoe)),
        Sent("GET", "/api/v1/users/", 200, ann, by(ann)),
        Sent("GET", "/api/v1/users/", 403, None, by(bob)),
        Sent("POST", "/api/v1/items/", 200, bob, by(bob), {"title": "a thing"}),
        Sent("POST", "/api/v1/items/", 422, None, by(bob), {"title": ""}),
        Sent("POST", "/api/v1/items/", 403, None, by(bob, "another key"), {"title": "a thing"}),
        Sent("POST", "/api/v1/items/", 422, None, by(ann, "another key"), NOT_JSON),
        Sent("GET", absent, 404, ann, by(ann)),
        Sent("GET", absent, 403, None, by(ann, "another key")),
        Sent("PUT", absent, 405, None, by(ann, "another key")),
        Sent("GET", "/api/v1/utils/health-check", 307, None, by(ann, "another key")),
        Sent("GET", "/api/v1/utils/health-check/", 200, None, by(ann, "another key")),
        Sent("GET", "/api/v2/users/me", 404, None, by(ann, "another key")),
    ]
    account(
        receiver, "items", requests, REDUSE_USER_RESOLVERS="jwt:sub", REDUSE_USER_PUBLIC_ROUTES="/api/v1/utils/*,/docs"
    )
    routes = {str(point.attributes.get("http.route")): int(point.value) for point in receiver.latest(DURATION)}
    assert routes.keys() == {
        "None",
        "/api/v1/items/",
        "/api/v1/items/{item_id}",
        "/api/v1/login/access-token",
        "/api/v1/users/",
        "/api/v1/users/me",
        "/api/v1/utils/health-check/",
    }


def test_tokens_of_the_scheme_token(receiver: OtlpReceiver) -> None:
    def by(username: str, signed_by: str = articles.KEY, scheme: str = "Token", **claims: Any) -> dict[str, str]:
        return {"authorization": f"{scheme} {articles.token_for(username, signed_by, **claims)}"}

    requests = [
        Sent("POST", "/api/users/login", 200, None, {}, {"username": "ann", "password": "right"}),
        Sent("POST", "/api/users/login", 400, None, {}, {"username": "ann", "password": "wrong"}),
        # Each login gives another token, and the user stays one.
        *(Sent("GET", "/api/user", 200, "ann", by("ann", exp=exp)) for exp in range(4_000_000_000, 4_000_000_005)),
        Sent("GET", "/api/user", 200, "bob", by("bob")),
        *[Sent("GET", "/api/user", 403, None, by("ann", "another key"))] * 3,
        Sent("GET", "/api/user", 403, None, by("ann", scheme="Bearer")),
        Sent("GET", "/api/user", 403, None, by("nobody")),
        Sent("GET", "/api/user", 403),
        Sent("GET", "/api/articles/how-to", 200),
        Sent("GET", "/api/articles/how-to", 200, "bob", by("bob")),
        Sent("GET", "/api/articles/how-to", 403, None, by("bob", "another key")),
        Sent("GET", "/api/articles/absent", 404),
        Sent("GET", "/api/articles/absent", 404, "bob", by("bob")),
        Sent("GET", "/api/articles/absent", 403, None, by("bob", "another key")),
        Sent("POST", "/api/articles", 201, "bob", by("bob"), {"slug": "mine"}),
        Sent("DELETE", "/api/articles/mine", 403, None, by("ann")),
        Sent("DELETE", "/api/articles/mine", 204, "bob", by("bob")),
        Sent("PATCH", "/api/articles/mine", 405, None, by("ann", "another key")),
        Sent("GET", "/api/nothing", 404, None, by("ann", "another key")),
    ]
    account(receiver, "articles", requests, REDUSE_USER_RESOLVERS="jwt:username")
    routes: Counter[str] = Counter()
    for point in receiver.latest(DURATION):
        routes[str(point.attributes.get("http.route"))] += int(point.value)
    assert routes == {
        "/api/users/login": 2,
        "/api/user": 12,
        "/api/articles/{slug}": 9,
        "/api/articles": 1,
        "None": 1,
    }


def test_each_way_to_log_in_names_the_user_and_no_password(receiver: OtlpReceiver) -> None:
    def basic(password: str) -> dict[str, str]:
        return {"authorization": "Basic " + base64.b64encode(f"ann:{password}".encode()).decode()}

    def cookie(user_id: int, login: int, signed_by: str = logins.KEY, before: str = "") -> dict[str, str]:
        token = signed({"user_id": user_id, "login": login}, signed_by)
        return {"cookie": f'theme=dark; access_token="{before}{token}"'}

    requests = [
        Sent("GET", "/basic", 200, "ann", basic("right")),
        Sent("GET", "/basic", 200, "ann", basic("right: another")),
        Sent("GET", "/basic", 403, None, basic("wrong")),
        Sent("GET", "/basic", 401, None, {"authorization": "Basic rubbish"}),
        *(Sent("GET", "/cookie", 200, "41", cookie(41, login)) for login in range(3)),
        Sent("GET", "/cookie", 200, "41", cookie(41, 4, before="Bearer ")),
        Sent("GET", "/cookie", 200, "42", cookie(42, 4)),
        *[Sent("GET", "/cookie", 403, None, cookie(41, 1, "another key"))] * 3,
        *[Sent("GET", "/state?key=right", 200, "7")] * 3,
        Sent("GET", "/state?key=wrong", 403),
        # What the session says when the request ends: here it is made.
        Sent("POST", "/session?user_id=43", 200, "43"),
        Sent("GET", "/session", 403, None, {"cookie": "session=eyJ1c2VyX2lkIjogNDN9.forged.forged"}),
        Sent("GET", "/tenant?x_tenant=north", 200, "north"),
        Sent("GET", "/tenant?x_tenant=broken", 200),
        Sent("GET", "/tenant", 200),
    ]
    service = account(
        receiver,
        "logins",
        requests,
        REDUSE_USER_RESOLVERS=(
            "basic,cookie:access_token:jwt:user_id,state:partner.id,session:user_id,"
            "python:tests.distro.sources.users.applications.tenants:tenant_of"
        ),
    )
    assert receiver.total(ERRORS) == 1
    assert service.output.count("a resolver of REDUSE_USER_RESOLVERS raised KeyError") == 1


def test_a_function_that_there_is_not_is_one_line_and_the_service_serves(receiver: OtlpReceiver) -> None:
    requests = [Sent("GET", "/tenant", 200)] * 3
    service = account(receiver, "logins", requests, REDUSE_USER_RESOLVERS="python:billing.users:user_of")
    assert receiver.total(ERRORS) == 3
    assert service.output.count("python:billing.users:user_of cannot be used (ModuleNotFoundError") == 1


def test_a_cookie_that_is_another_at_each_login_is_said(receiver: OtlpReceiver) -> None:
    tokens = [signed({"user_id": 41, "login": login}, logins.KEY) for login in range(3)]
    requests = [Sent("GET", "/cookie", 200, token, {"cookie": f"access_token={token}"}) for token in tokens]
    service = account(receiver, "logins", requests, REDUSE_USER_RESOLVERS="cookie:access_token")
    assert service.output.count("Use cookie:access_token:jwt:sub") == 1
