"""A Flask application with what requests do in one, by itself and mounted in others."""

import os
import time
import warnings
from collections.abc import Iterator

import flask_login
from flask import Flask, Response, abort, request, send_file

login = flask_login.LoginManager()


class User(flask_login.UserMixin):  # type: ignore[misc]
    def __init__(self, name: str) -> None:
        self.id = name


@login.request_loader  # type: ignore[untyped-decorator]
def load(asked: object) -> User | None:
    name = request.headers.get("X-Login")
    return User(name) if name else None


app = Flask(__name__)
app.secret_key = "secret of a test"
login.init_app(app)


@app.get("/things/<int:number>")
def thing(number: int) -> str:
    return str(number)


@app.get("/mine")
@flask_login.login_required  # type: ignore[untyped-decorator]
def mine() -> str:
    return str(flask_login.current_user.get_id())


@app.get("/raises")
def raises() -> str:
    raise LookupError("on purpose")


@app.get("/unavailable")
def unavailable() -> str:
    abort(503)


@app.get("/stream")
def stream() -> Response:
    def parts() -> Iterator[bytes]:
        for _ in range(3):
            time.sleep(0.05)
            yield b"part"

    return Response(parts())


@app.get("/endless")
def endless() -> Response:
    def parts() -> Iterator[bytes]:
        while True:
            time.sleep(0.02)
            yield b"part" * 1000

    return Response(parts())


@app.get("/breaks")
def breaks() -> Response:
    def parts() -> Iterator[bytes]:
        yield b"part"
        raise RuntimeError("on purpose")

    return Response(parts())


@app.get("/file")
def file() -> Response:
    return send_file(__file__)


@app.get("/pid")
def pid() -> str:
    return str(os.getpid())


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.middleware.wsgi import WSGIMiddleware
from fastapi import FastAPI  # noqa: E402 - the adapter comes with its warning

mounted = FastAPI()
mounted.mount("/flask", WSGIMiddleware(app))
