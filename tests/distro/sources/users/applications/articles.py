"""Articles of users who send `Authorization: Token <jwt>`, on some routes only if they like.

The shape of the RealWorld example application on FastAPI: `sub` is the same in every token, the user is `username`.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Security, status
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader
from pydantic import BaseModel

from tests.distro.sources.users.tokens import BadTokenError, signed, verified_claims

KEY = "secret-of-the-articles"
PREFIX = "Token"

app = FastAPI()
router = APIRouter(prefix="/api")
users = {"ann", "bob"}
articles = {"how-to": "ann"}


class Credentials(BaseModel):
    username: str
    password: str


class Article(BaseModel):
    slug: str


class TokenHeader(APIKeyHeader):
    """Answers 403 where FastAPI's own answers 401, as the example does."""

    async def __call__(self, connection: HTTPConnection) -> str | None:
        header = connection.headers.get("authorization")
        if header is None and self.auto_error:
            raise HTTPException(status.HTTP_403_FORBIDDEN, "authentication required")
        return header


def token_for(username: str, key: str = KEY, **claims: Any) -> str:
    return signed({"username": username, "exp": 4_000_000_000, "sub": "access", **claims}, key)


def username_of(header: str) -> str:
    prefix, _, token = header.partition(" ")
    if prefix != PREFIX:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "unsupported authorization type")
    try:
        username = str(verified_claims(token, KEY)["username"])
    except (BadTokenError, ValueError, KeyError):
        username = ""
    if username not in users:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "could not validate credentials")
    return username


def user(header: Annotated[str, Security(TokenHeader(name="Authorization"))]) -> str:
    return username_of(header)


def user_or_nobody(
    header: Annotated[str | None, Security(TokenHeader(name="Authorization", auto_error=False))],
) -> str | None:
    return username_of(header) if header else None


def article(slug: str, _: Annotated[str | None, Depends(user_or_nobody)]) -> str:
    if slug not in articles:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "article does not exist")
    return slug


@app.exception_handler(HTTPException)
async def errors(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse({"errors": [error.detail]}, error.status_code)


@router.post("/users/login")
async def log_in(credentials: Credentials) -> dict[str, str]:
    if credentials.username not in users or credentials.password != "right":
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "incorrect email or password")
    return {"token": token_for(credentials.username)}


@router.get("/user")
async def current(name: Annotated[str, Depends(user)]) -> str:
    return name


@router.get("/articles/{slug}")
async def read_article(slug: Annotated[str, Depends(article)]) -> str:
    return slug


@router.post("/articles", status_code=status.HTTP_201_CREATED)
async def write_article(new: Article, name: Annotated[str, Depends(user)]) -> str:
    articles[new.slug] = name
    return new.slug


@router.delete("/articles/{slug}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_article(slug: Annotated[str, Depends(article)], name: Annotated[str, Depends(user)]) -> None:
    if articles[slug] != name:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "you are not an author of this article")
    del articles[slug]


app.include_router(router)
