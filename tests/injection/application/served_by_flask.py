"""The same service behind WSGI."""

import os

from flask import Flask

app = Flask(__name__)


@app.get("/items/<number>")
def item(number: str) -> str:
    return str(os.getpid())
