"""A Django project in one file: settings, users without a database, views; as WSGI, as ASGI, and for `runserver`."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.asgi import get_asgi_application
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.urls import include, path, re_path
from django.utils.functional import SimpleLazyObject

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.distro.sources.http.wsgi.django_app")

SECRET_KEY = "secret of a test"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.distro.sources.http.wsgi.django_app"
MIDDLEWARE = ["tests.distro.sources.http.wsgi.django_app.authenticate"]
LOGGING_CONFIG = None


class User:
    is_authenticated = True

    def __init__(self, name: str) -> None:
        self.pk = name


def authenticate(get_response: Any) -> Any:
    """As `AuthenticationMiddleware` does: the user is looked up when somebody asks."""

    def find(request: Any) -> User:
        request._cached_user = User(request.headers["X-Login"])
        return request._cached_user  # type: ignore[no-any-return]

    def middleware(request: Any) -> Any:
        if "X-Login" in request.headers:
            request.user = SimpleLazyObject(lambda: find(request))
        return get_response(request)

    return middleware


def thing(_request: Any, number: int) -> HttpResponse:
    return HttpResponse(str(number))


def mine(request: Any) -> HttpResponse:
    return HttpResponse(request.user.pk)


def raises(_request: Any) -> HttpResponse:
    raise LookupError("on purpose")


def unavailable(_request: Any) -> HttpResponse:
    return HttpResponse(status=503)


def stream(_request: Any) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        for _ in range(3):
            time.sleep(0.05)
            yield b"part"

    return StreamingHttpResponse(parts())


def file(_request: Any) -> FileResponse:
    return FileResponse(Path(__file__).open("rb"))


def pid(_request: Any) -> HttpResponse:
    return HttpResponse(str(os.getpid()))


urlpatterns = [
    path("things/<int:number>", thing),
    path("mine", mine),
    path("raises", raises),
    path("unavailable", unavailable),
    path("stream", stream),
    path("pid", pid),
    path("file", file),
    path("nested/", include([re_path(r"^articles/(?P<number>[0-9]{1,4})/$", thing)])),
]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
elif os.environ.get("TEST_DJANGO") == "asgi":
    app = get_asgi_application()
elif os.environ.get("TEST_DJANGO") == "wsgi":
    app = get_wsgi_application()
