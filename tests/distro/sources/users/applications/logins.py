"""One route for each way in which people log in."""

from typing import Annotated

from fastapi import Cookie, Depends, FastAPI, HTTPException, Request, status
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from starlette.middleware.sessions import SessionMiddleware

from tests.distro.sources.users.tokens import BadTokenError, verified_claims

KEY = "secret-of-the-logins"
NOBODY = HTTPException(status.HTTP_403_FORBIDDEN)

app = FastAPI()
app.add_middleware(SessionMiddleware, secret_key=KEY)


class Partner:
    def __init__(self, number: int) -> None:
        self.id = number


@app.get("/basic")
async def basic(credentials: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]) -> str:
    if not credentials.password.startswith("right"):
        raise NOBODY
    return credentials.username


@app.get("/cookie")
async def cookie(access_token: Annotated[str, Cookie()]) -> int:
    try:
        return int(verified_claims(access_token.removeprefix("Bearer "), KEY)["user_id"])
    except BadTokenError:
        raise NOBODY from None


@app.get("/state")
async def state(request: Request, key: str) -> int:
    """What a dependency has verified, it notes with the request; what it has not, it does not."""
    if key != "right":
        raise NOBODY
    request.state.partner = Partner(7)
    return 7


@app.post("/session")
async def log_in(request: Request, user_id: int) -> None:
    request.session["user_id"] = user_id


@app.get("/session")
async def session(request: Request) -> int:
    if "user_id" not in request.session:
        raise NOBODY
    request.session["seen"] = request.session.get("seen", 0) + 1
    return int(request.session["user_id"])


@app.get("/tenant")
async def tenant(x_tenant: str = "") -> str:
    return x_tenant
