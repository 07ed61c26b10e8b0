"""Items of users with bearer tokens: 401 without one, 403 for a bad one, 404 or 400 for a user who is gone or asleep.

The shape of the FastAPI project's own template of a full-stack application.
"""

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, FastAPI, HTTPException, status
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel, Field

from tests.distro.sources.users.tokens import BadTokenError, signed, verified_claims

KEY = "secret-of-the-items"


class User(BaseModel):
    id: UUID
    email: str
    is_active: bool = True
    is_superuser: bool = False


class Login(BaseModel):
    email: str
    password: str


class NewItem(BaseModel):
    title: str = Field(min_length=1)


class Item(NewItem):
    id: UUID
    owner: UUID


USERS = {
    user.email: user
    for user in (
        User(id=UUID(int=1), email="ann@example.org", is_superuser=True),
        User(id=UUID(int=2), email="bob@example.org"),
        User(id=UUID(int=3), email="zoe@example.org", is_active=False),
    )
}
items: dict[UUID, Item] = {}

app = FastAPI(openapi_url="/api/v1/openapi.json")
router = APIRouter(prefix="/api/v1")
token_of = OAuth2PasswordBearer(tokenUrl="/api/v1/login/access-token")


def token_for(subject: object, key: str = KEY) -> str:
    return signed({"exp": 4_000_000_000, "sub": str(subject)}, key)


def current_user(token: Annotated[str, Depends(token_of)]) -> User:
    try:
        subject = verified_claims(token, KEY)["sub"]
    except (BadTokenError, ValueError, KeyError):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Could not validate credentials") from None
    user = next((user for user in USERS.values() if str(user.id) == subject), None)
    if user is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "User not found")
    if not user.is_active:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "Inactive user")
    return user


CurrentUser = Annotated[User, Depends(current_user)]


def superuser(user: CurrentUser) -> User:
    if not user.is_superuser:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "The user doesn't have enough privileges")
    return user


@router.post("/login/access-token")
def log_in(login: Login) -> dict[str, str]:
    user = USERS.get(login.email)
    if user is None or login.password != "right":
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "Incorrect email or password")
    return {"access_token": token_for(user.id), "token_type": "bearer"}


@router.get("/users/me")
def read_me(user: CurrentUser) -> User:
    return user


@router.get("/users/", dependencies=[Depends(superuser)])
def read_users() -> list[User]:
    return list(USERS.values())


@router.post("/items/")
def create_item(new: NewItem, user: CurrentUser) -> Item:
    item = Item(id=uuid4(), owner=user.id, **new.model_dump())
    items[item.id] = item
    return item


@router.get("/items/{item_id}")
def read_item(item_id: UUID, user: CurrentUser) -> Item:
    item = items.get(item_id)
    if item is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "Item not found")
    if item.owner != user.id and not user.is_superuser:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Not enough permissions")
    return item


@router.get("/utils/health-check/")
async def health_check() -> bool:
    return True


app.include_router(router)
