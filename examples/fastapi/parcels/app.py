"""The parcels API: a sender, known by an API key, hands parcels in; anybody who has a number asks where its parcel is.

uvicorn parcels.app:app
"""

from enum import StrEnum
from itertools import count
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, status
from pydantic import BaseModel, Field

# For the example only: keys belong into a store, as digests.
SENDERS = {"demo-key-east": "East Ltd", "demo-key-west": "West Ltd"}


class Place(StrEnum):
    """Where a parcel is."""

    HANDED_IN = "handed in"
    ON_ITS_WAY = "on its way"
    DELIVERED = "delivered"


class NewParcel(BaseModel):
    """What a sender hands in."""

    address: str = Field(min_length=1, max_length=200)
    grams: int = Field(gt=0, le=30_000)


class Parcel(NewParcel):
    """A parcel as whoever asks for it sees it."""

    number: int
    place: Place = Place.HANDED_IN


app = FastAPI(title="Parcels API")
parcels: dict[int, Parcel] = {}
numbers = count(1)


def sender_of(x_api_key: Annotated[str, Header()] = "") -> str:
    """The sender whose key came with the request."""
    sender = SENDERS.get(x_api_key)
    if sender is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "unknown API key")
    return sender


@app.post("/parcels", status_code=status.HTTP_201_CREATED)
async def hand_in(new: NewParcel, _sender: Annotated[str, Depends(sender_of)]) -> Parcel:
    """Hand a parcel in."""
    parcel = Parcel(number=next(numbers), **new.model_dump())
    parcels[parcel.number] = parcel
    return parcel


@app.get("/parcels/{number}")
async def track(number: int) -> Parcel:
    """Where a parcel is."""
    if number not in parcels:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such parcel")
    return parcels[number]
