"""Flask and Django behind their real servers: requests, routes, errors and users, each once."""

import http.client
import signal
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from reduse.wire import user_hash
from tests.distro.servers import ONLY_AT_THE_END, Server, by_size
from tests.distro.service import KEY
from tests.distro.sources.http.test_departure import leave, outcomes
from tests.otlp_receiver import OtlpReceiver
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server

DURATION = "http.server.request.duration"
HERE = "tests.distro.sources.http.wsgi"
GUNICORN = ["gunicorn", "--bind=127.0.0.1:{port}", "--no-control-socket", "--workers=1"]


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as started:
        yield started


def users(*names: str) -> Counter[str]:
    return Counter(user_hash(KEY.encode(), name) for name in names)


def ask_all(service: Server, root: str = "") -> list[tuple[int, str]]:
    """What a client gets of everything that both applications have."""
    login, key = {"X-Login": "ann"}, {"X-User": "bob"}
    with httpx.Client(base_url=service.url + root, timeout=PATIENCE_SECONDS) as client:
        answers = [
            client.get("/things/4", headers=key),
            client.head("/things/5"),
            client.get("/things/x"),
            client.get("/mine", headers=login),
            client.get("/stream"),
            client.get("/raises"),
            client.get("/unavailable"),
            client.get("/file"),
        ]
    return [(answer.status_code, answer.text[:20]) for answer in answers]


def expected(root: str, thing: str) -> dict[tuple[object, ...], int]:
    return {
        (f"{root}{thing}", 200, None): 2,
        (f"{root}/mine", 200, None): 1,
        (f"{root}/stream", 200, None): 1,
        (f"{root}/raises", 500, "LookupError"): 1,
        (f"{root}/unavailable", 503, "503"): 1,
        (f"{root}/file", 200, None): 1,
    }


FLASK = f"{HERE}.flask_app:app"
DJANGO = f"{HERE}.django_app:app"
FLASK_RUN = ["flask", f"--app={HERE}.flask_app", "run", "--port={port}"]
RUNSERVER = ["python", "-m", f"{HERE}.django_app", "runserver", "127.0.0.1:{port}"]
UVICORN = ["uvicorn", "--port={port}", "--no-access-log"]
COMPARED = (DJANGO, f"{HERE}.flask_app:mounted", "--port={port}")
FLASK_THING, DJANGO_THING = "/things/<int:number>", "/things/{number}"


@pytest.mark.parametrize(
    ("command", "kind", "root", "thing"),
    [
        pytest.param([*GUNICORN, FLASK], "wsgi", "", FLASK_THING, id="flask-gunicorn"),
        pytest.param([*GUNICORN, "--threads=4", FLASK], "wsgi", "", FLASK_THING, id="flask-gthread"),
        pytest.param(FLASK_RUN, "wsgi", "", FLASK_THING, id="flask-run"),
        pytest.param([*UVICORN, f"{HERE}.flask_app:mounted"], "wsgi", "/flask", FLASK_THING, id="flask-in-fastapi"),
        pytest.param([*UVICORN, "--interface=wsgi", FLASK], "wsgi", "", FLASK_THING, id="flask-uvicorn"),
        pytest.param([*GUNICORN, DJANGO], "wsgi", "", DJANGO_THING, id="django-gunicorn"),
        pytest.param([*UVICORN, DJANGO], "asgi", "", DJANGO_THING, id="django-asgi"),
        pytest.param(RUNSERVER, "", "", DJANGO_THING, id="django-runserver"),
    ],
)
def test_requests_routes_errors_and_users_are_exact_and_answers_as_without_us(
    receiver: OtlpReceiver, command: list[str], kind: str, root: str, thing: str
) -> None:
    """One instance, though a supervisor may stand beside it; what nobody has a route for is without one."""
    answers = []
    # Once for each kind, to spare the time: the application is the same behind each server.
    for disabled in ("true", "false") if command[-1] in COMPARED else ("false",):
        with Server(receiver.endpoint, command, TEST_DJANGO=kind, OTEL_SDK_DISABLED=disabled) as service:
            answers.append(ask_all(service, root))
            if disabled == "false":
                receiver.wait_for(lambda r: r.total(DURATION) == 8)
                receiver.wait_for(lambda r: r.user_counts().total() == 8)
                receiver.wait_for(lambda r: bool(r.named("process.cpu.time")))
    assert answers[0] == answers[-1]
    counted = outcomes(receiver)
    unknown = (f"{root}/{{path}}" if root else None, 404, None)
    assert counted == expected(root, thing) | {unknown: 1}
    named = {user: count for user, count in receiver.user_counts().items() if user != "-"}
    # A user of an application that is mounted in another one is not that one's.
    assert named == (users("bob") if root else users("ann", "bob"))
    assert receiver.total("http.server.active_requests") == 0
    assert len({point.instance for point in receiver.points}) == 1
    (stream,) = [point for point in receiver.latest(DURATION) if point.attributes.get("http.route") == f"{root}/stream"]
    assert stream.sum >= 0.15


def test_a_client_that_leaves_and_a_body_that_breaks_are_incomplete(receiver: OtlpReceiver) -> None:
    with Server(receiver.endpoint, [*GUNICORN, "--threads=4", FLASK]) as service:
        leave(service.port, "/endless", after=b"part")
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{service.url}/breaks", timeout=PATIENCE_SECONDS)
        assert len(httpx.get(f"{service.url}/file", timeout=PATIENCE_SECONDS).content) > 1000
        receiver.wait_for(lambda r: r.total(DURATION) == 3)
    assert outcomes(receiver) == {
        ("/endless", 200, "incomplete_response"): 1,
        ("/breaks", 200, "RuntimeError"): 1,
        ("/file", 200, None): 1,
    }


@pytest.mark.parametrize("more", [(), ("--threads=4",), ("--preload",)], ids=["sync", "gthread", "preload"])
def test_workers_count_their_own_and_sigterm_loses_nothing(receiver: OtlpReceiver, more: tuple[str, ...]) -> None:
    command = [*GUNICORN, "--workers=2", *more, FLASK]
    with Server(receiver.endpoint, command, **ONLY_AT_THE_END) as server:
        answered = server.ask_until(workers=2) + server.ask(100)
        server.signal(signal.SIGTERM)
    counts: Counter[str] = Counter()
    for point in receiver.latest(DURATION):
        counts[point.instance] += int(point.value)
    assert by_size(counts.values()) == by_size(answered.values())
    assert receiver.user_counts().total() == answered.total()


def test_names_are_those_of_the_convention(receiver: OtlpReceiver) -> None:
    with Server(receiver.endpoint, [*GUNICORN, FLASK]) as service:
        connection = http.client.HTTPConnection("127.0.0.1", service.port)
        connection.request("BREW", "/things/4")
        connection.getresponse().read()
        receiver.wait_for(lambda r: r.total(DURATION) == 1)
    (point,) = receiver.latest(DURATION)
    assert point.attributes == {
        "http.request.method": "_OTHER",
        "http.response.status_code": 405,
        "url.scheme": "http",
        "network.protocol.version": "1.1",
    }
