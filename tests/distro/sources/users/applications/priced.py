"""A FastAPI and a Flask application of the same routes: prices for whom the limit lets in, and jobs."""

from typing import Annotated

from fastapi import FastAPI, Header, HTTPException
from flask import Flask, abort, request

TOO_MANY = 429

app = FastAPI()
flask = Flask(__name__)


@app.post("/price")
async def price(x_too_many: Annotated[str | None, Header()] = None) -> int:
    if x_too_many is not None:
        raise HTTPException(TOO_MANY)
    return 7


@app.get("/jobs/{job}")
async def job(job: int) -> int:
    return job


@app.delete("/jobs/{job}")
async def end_job(job: int) -> int:
    return job


@app.get("/about")
async def about() -> str:
    return "prices"


@flask.post("/price")
def flask_price() -> str:
    if "X-Too-Many" in request.headers:
        abort(TOO_MANY)
    return "7"


@flask.route("/jobs/<int:job>", methods=["GET", "DELETE"])
def flask_job(job: int) -> str:
    return str(job)


@flask.get("/about")
def flask_about() -> str:
    return "prices"
