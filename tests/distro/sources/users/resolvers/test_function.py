"""The user as a function of the service's own code names it, found by its import path."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from reduse.distro.sources.users.identity import Identification
from reduse.distro.sources.users.resolvers.function import python
from reduse.distro.sources.users.resolvers.identifier import UnfitAnswerError
from reduse.distro.sources.users.resolvers.resolver import Scope

NAME = "users_of_a_test"


def user_of(scope: Scope) -> Any:
    return scope["answer"]


async def waits(_scope: Scope) -> str:
    return "ann"


def gives_what_waits(scope: Scope) -> Any:
    return waits(scope)


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType(NAME)
    made.__dict__.update(user_of=user_of, waits=waits, gives_what_waits=gives_what_waits, text="ann")
    made.__dict__["Users"] = SimpleNamespace(named=user_of)
    monkeypatch.setitem(sys.modules, NAME, made)
    return made


@pytest.mark.parametrize(("answer", "user"), [("ann", "ann"), (7, "7"), (None, None), ("", None)])
@pytest.mark.parametrize("name", ["user_of", "Users.named"])
def test_what_the_function_answers_is_the_user(name: str, answer: Any, user: str | None) -> None:
    assert python(f"{NAME}:{name}")({"answer": answer}) == user


@pytest.mark.parametrize("answer", [True, 7.5, object()])
def test_what_cannot_be_an_id_is_an_error(answer: Any) -> None:
    with pytest.raises(UnfitAnswerError, match=f"type {type(answer).__name__}"):
        python(f"{NAME}:user_of")({"answer": answer})


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (f"{NAME}:absent", "AttributeError"),
        ("no_such_module:user_of", "ModuleNotFoundError"),
        (f"{NAME}:text", "not a function"),
        (f"{NAME}:waits", "coroutine function"),
    ],
)
def test_a_function_that_cannot_be_used_is_an_error_of_each_request(path: str, reason: str) -> None:
    resolve = python(path)
    for _ in range(2):
        with pytest.raises(UnfitAnswerError, match=reason):
            resolve({})


def test_what_nobody_waits_for_is_an_error_and_python_does_not_complain() -> None:
    """Warnings are errors in the tests: a coroutine that was never awaited would be one."""
    with pytest.raises(UnfitAnswerError, match="coroutine"):
        python(f"{NAME}:gives_what_waits")({})


def test_a_module_that_ends_the_process_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ends_of_a_test.py").write_text("raise SystemExit(3)")
    monkeypatch.syspath_prepend(tmp_path)
    identified = Identification([python("ends_of_a_test:user_of")], str)
    assert [identified.user({}, 200, "/plain") for _ in range(2)] == [None, None]
    assert identified.errors == 2


def test_nothing_is_imported_before_the_first_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's own folder comes onto the path after the settings are read."""
    imported: list[str] = []
    real: Callable[[str], ModuleType] = __import__("importlib").import_module

    def noting(name: str) -> ModuleType:
        imported.append(name)
        return real(name)

    monkeypatch.setattr("importlib.import_module", noting)
    resolve = python(f"{NAME}:user_of")
    assert imported == []
    for _ in range(2):
        resolve({"answer": "ann"})
    assert imported == [NAME]
