"""What is in the folder, and that nothing in it can be meant by an application."""

import json
from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.injection import folder
from reduse.injection.measured import measured_modules
from reduse.injection.targets import ALL, VERSIONS, Target


def test_every_interpreter_of_the_operators_two_platforms_has_a_target() -> None:
    assert [each.folder for each in ALL if each.version == "3.12"] == [
        "cpython-312-x86_64-linux-gnu",
        "cpython-312-x86_64-linux-musl",
        "cpython-312-aarch64-linux-gnu",
        "cpython-312-aarch64-linux-musl",
    ]
    assert set(VERSIONS) == {"3.11", "3.12", "3.13"}


def test_a_folder_with_something_in_it_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(SettingError, match="not empty"):
        folder.write(tmp_path, tmp_path, ALL)
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]


@pytest.mark.slow
def test_processes_are_measured_that_import_one_of_the_measured_libraries() -> None:
    modules = measured_modules()
    assert {"fastapi", "starlette", "pika", "psycopg2", "opentelemetry"} <= set(modules)
    # A program that merely uses these is like any other.
    assert not {"uvicorn", "gunicorn", "multiprocessing", "asyncio", "wrapt"} & set(modules)


@pytest.mark.server
def test_the_two_paths_of_the_operator_have_no_package_or_module_but_the_one_that_begins(pod: Path) -> None:
    entry = pod / folder.ENTRY
    assert [each.name for each in entry.iterdir()] == ["sitecustomize.py"]
    assert {each.name for each in pod.iterdir()} == {"opentelemetry", "reduse-injected"}
    # A part of a namespace package gives way to the application's regular one of the same name.
    assert list((pod / "opentelemetry").rglob("__init__.py")) == []
    assert list(pod.rglob("*.pth")) == []


@pytest.mark.server
def test_each_distribution_is_there_once_for_all_that_can_use_it(pod: Path) -> None:
    targets = sorted((pod / folder.ROOT).glob("cpython-*"))
    assert len(targets) == len(VERSIONS)
    for target in targets:
        content = json.loads((target / "packages.json").read_text())
        names = [each["name"] for each in content["packages"]]
        assert {"reduse", "opentelemetry-api", "opentelemetry-sdk", "typing-extensions", "wrapt"} <= set(names)
        for each in content["packages"]:
            assert list((pod / folder.ROOT / each["folder"]).glob("*.dist-info/METADATA"))
        assert {"by", "name", "specifiers"} == set(content["needs"][0])


def test_a_target_is_named_as_its_interpreter_names_extension_modules() -> None:
    from reduse.distro.injected.packages import interpreter

    assert interpreter() in {each.folder for each in ALL} | {_of_this_interpreter().folder}


def _of_this_interpreter() -> Target:
    import platform
    import sys

    return Target(f"{sys.version_info.major}.{sys.version_info.minor}", platform.machine(), "gnu")
