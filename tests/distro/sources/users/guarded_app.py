"""An application that refuses whoever does not show the right password, with no word about telemetry in it."""

from typing import Annotated

from fastapi import FastAPI, Header, HTTPException, status

app = FastAPI()


@app.get("/guarded/{item}")
async def guarded(item: str, password: Annotated[str, Header()]) -> str:
    if password != "right":
        raise HTTPException(status.HTTP_401_UNAUTHORIZED)
    return item


@app.get("/health")
async def health() -> str:
    return "well"
