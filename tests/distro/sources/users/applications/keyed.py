"""Customers with API keys; whoever has none of them is answered with 403."""

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request, Response, status
from fastapi.security import APIKeyHeader
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel
from starlette.middleware.cors import CORSMiddleware

KEYS = {"key-of-ann", "key-of-bob"}

app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"], allow_methods=["*"], allow_headers=["*"])
mounted = FastAPI()
app.mount("/within", mounted)
app.mount("/files", StaticFiles(directory="docs"))
sent: dict[str, int] = {}


class Part(BaseModel):
    length: int


@app.middleware("http")
async def limit_requests(request: Request, call_next: object) -> Response:
    """A limiter that counts by key before anybody has looked at it."""
    if request.headers.get("x-limited"):
        return Response(status_code=status.HTTP_429_TOO_MANY_REQUESTS)
    response: Response = await call_next(request)  # type: ignore[operator]
    return response


def customer(key: Annotated[str, Depends(APIKeyHeader(name="x-api-key"))]) -> str:
    if key == "key-that-breaks":
        raise RuntimeError("the keys cannot be looked up")
    if key not in KEYS:
        raise HTTPException(status.HTTP_403_FORBIDDEN)
    return key


Customer = Annotated[str, Depends(customer)]


@app.get("/parts/{number}")
async def read_part(number: int, _: Customer) -> int:
    if number > 9:
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    return number


@app.post("/parts", status_code=status.HTTP_201_CREATED)
async def make_part(part: Part, _: Customer) -> int:
    return part.length


@app.delete("/parts/{number}", status_code=status.HTTP_204_NO_CONTENT)
async def forget_part(number: int, _: Customer) -> None:
    if number == 1:
        raise HTTPException(status.HTTP_409_CONFLICT)


@app.get("/slashed/")
async def slashed(_: Customer) -> str:
    return "here"


@app.get("/prices")
async def prices() -> list[int]:
    """Public: nobody looks at a key."""
    return [1, 2]


@mounted.get("/parts")
async def mounted_parts(_: Customer) -> list[int]:
    return [1]
