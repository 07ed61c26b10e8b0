"""PYTHONPATH is handed on to every child process: of any Python, started in any way."""

import os
import subprocess
import sys
import zipapp
from pathlib import Path

import pytest

from tests.injection import operator
from tests.injection.interpreters import interpreter
from tests.injection.test_shadowing import NOWHERE, both, facts, run

pytestmark = pytest.mark.server


def test_a_process_that_imports_nothing_measured_is_as_it_would_be(pod: Path, python: Path) -> None:
    program = "import sys, os, threading, json, asyncio; print(sys.path, sorted(sys.modules), threading.active_count())"
    plain, injected = both(pod, [str(python), "-c", program])
    # Debian's interpreters have one of their own.
    seen, expected = (each.stdout.replace("'sitecustomize', ", "") for each in (injected, plain))
    assert (seen, injected.stderr) == (expected, "")


def test_a_library_that_is_looked_for_and_not_there_starts_nothing(pod: Path, python: Path) -> None:
    program = """
import sys
for name in ("fastapi", "pika", "psycopg2", "opentelemetry"):
    try:
        __import__(name)
        print(name)
    except ImportError as error:
        print(error)
print("reduse" in sys.modules, sorted(name for name in sys.modules if name.startswith("_reduse")))
"""
    plain, injected = both(pod, [str(python), "-c", program])
    assert (injected.stdout, injected.stderr) == (plain.stdout, "")


@pytest.mark.parametrize("flag", ["-I", "-S", "-E", "-s", "-OO", "-W error", "-X dev", "-X utf8"])
def test_flags_of_the_interpreter(pod: Path, python: Path, flag: str) -> None:
    plain, injected = both(pod, [str(python), *flag.split(), "-c", "import sys; print(sys.path, sys.flags)"])
    if flag == "-S":
        # Nothing of ours runs to take the paths out again; there is no module in them.
        program = (
            "import importlib.util, sys; print(importlib.util.find_spec('reduse'), importlib.util.find_spec('wrapt'))"
        )
        _, injected = both(pod, [str(python), flag, "-c", program])
        assert injected.stdout == "None None\n"
    else:
        assert injected.stdout == plain.stdout
    assert injected.stderr == plain.stderr


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.8", "3.10"])
def test_older_interpreters_run_as_ever_and_say_why_what_would_be_measured_is_not(
    pod: Path, tmp_path: Path, version: str
) -> None:
    found = interpreter(version)
    if found is None:
        pytest.skip(f"no Python {version} here")
    program = "import sys, json; sys.stdout.write(repr([path for path in sys.path]))"
    plain, injected = both(pod, [str(found), "-c", program])
    assert (injected.stdout, injected.stderr, injected.returncode) == (plain.stdout, plain.stderr, 0)
    (tmp_path / "starlette.py").write_text("")
    (tmp_path / "program.py").write_text("import starlette\n")
    _, injected = both(pod, [str(found), str(tmp_path / "program.py")])
    assert injected.stderr == f"reduse: not measured: this is Python {version}, and 3.11 or later is needed\n"
    assert injected.returncode == 0


@pytest.mark.parametrize("name", ["sitecustomize", "usercustomize"])
def test_what_the_application_customizes_runs_as_ever(pod: Path, python: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text("import sys\nsys.of_the_application = __name__, __file__\n")
    program = f"import {name}, sys, starlette.applications; print(sys.of_the_application, {name}.__file__)"
    variables = {"PYTHONPATH": str(tmp_path), "PYTHONNOUSERSITE": ""}
    # An environment has no user's site; the interpreter that it was made from has.
    plain, injected = both(pod, [str(python), "-c", program], variables)
    if name == "usercustomize" and plain.returncode:
        program = "import sys; print(getattr(sys, 'of_the_application', None))"
        outer = interpreter("3.11")
        plain, injected = both(pod, [str(outer), "-c", program], variables)
    assert name in plain.stdout
    assert (injected.stdout, injected.stderr) == (plain.stdout, "")


@pytest.mark.parametrize("mistake", ["raise ValueError('mine')", "import nowhere", "1 +"])
def test_a_mistake_in_what_the_application_customizes_is_told_as_ever(
    pod: Path, python: Path, tmp_path: Path, mistake: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"{mistake}\n")
    plain, injected = both(pod, [str(python), "-c", "print(1)"], {"PYTHONPATH": str(tmp_path)})
    assert plain.stderr
    assert (injected.stdout, injected.returncode) == (plain.stdout, plain.returncode)
    assert injected.stderr.splitlines()[-1] == plain.stderr.splitlines()[-1]


def test_a_finder_of_the_application_is_asked_as_ever(pod: Path, python: Path, tmp_path: Path) -> None:
    """Right behind ours, when measuring begins with what it alone finds."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.machinery, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        return importlib.machinery.ModuleSpec(name, self) if name == 'pika' else None\n"
        "    def create_module(self, spec):\n        return None\n"
        "    def exec_module(self, module):\n        module.OURS = 1\n"
        "sys.meta_path.insert(1, Finder())\n"
    )
    program = "import pika; print(pika.OURS, pika.__loader__)"
    plain, injected = both(pod, [str(python), "-c", program], {"PYTHONPATH": str(tmp_path)})
    assert plain.stdout.startswith("1 <sitecustomize.Finder")
    assert injected.stdout.partition(" at ")[0] == plain.stdout.partition(" at ")[0]
    assert injected.stderr == ""


def test_a_zip_application_keeps_the_packages_in_it(pod: Path, python: Path, tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.mkdir()
    (content / "wrapt.py").write_text("OURS = 1\n")
    (content / "__main__.py").write_text("import starlette.applications, wrapt\nprint(wrapt)\n")
    zipapp.create_archive(content, tmp_path / "application.pyz")
    plain, injected = both(pod, [str(python), str(tmp_path / "application.pyz")])
    assert injected.stdout == plain.stdout
    assert "application.pyz" in plain.stdout
    assert injected.stderr.startswith("reduse: not measured: wrapt is installed here without a version number: ")


def test_spawned_workers_of_multiprocessing(pod: Path, python: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import multiprocessing, sys\nimport starlette.applications\n"
        "def work(number):\n    import typing_extensions\n    return number, typing_extensions.__file__, sys.path\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(2) as pool:\n        print(pool.map(work, range(3)))\n"
    )
    plain, injected = both(pod, [str(python), str(program)])
    assert (injected.stdout, injected.stderr) == (plain.stdout, plain.stderr)
    assert plain.returncode == injected.returncode == 0


def test_children_get_the_same_and_nothing_more(pod: Path, python: Path) -> None:
    """A measured parent starts an interpreter of another version and one of its own."""
    other = interpreter("3.8") or Path(sys.executable)
    program = (
        "import subprocess, sys, starlette.applications\n"
        "for each in sys.argv[1:]:\n"
        "    told = [each, '-c', 'import sys, json; print(sys.path)']\n"
        "    print(subprocess.run(told, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True).stdout)\n"
    )
    plain, injected = both(pod, [str(python), "-c", program, str(python), str(other)])
    assert (injected.stdout, injected.stderr) == (plain.stdout, "")


def test_without_a_stderr_nothing_fails(pod: Path, python: Path) -> None:
    environment = operator.injected(pod, NOWHERE, operator.plain(REDUSE_USER_MODE="nonsense"))
    command = " ".join(facts(python, "typing_extensions"))
    closed = subprocess.run(
        ["/bin/sh", "-c", f"exec {command} 2>&-"], env=environment, capture_output=True, text=True, check=False
    )
    assert "4.8.0" in closed.stdout


def test_an_application_that_is_started_by_opentelemetry_instrument_is_its_own(pod: Path, tmp_path: Path) -> None:
    """The distro installed in the environment: this test's own."""
    command = [str(Path(sys.executable).parent / "opentelemetry-instrument"), sys.executable]
    program = "import starlette.applications, reduse; print(reduse.__file__)"
    variables = operator.plain(HOME=os.environ.get("HOME", str(tmp_path)))
    injected = run([*command, "-c", program], operator.injected(pod, NOWHERE, variables))
    assert str(pod) not in injected.stdout
    assert injected.returncode == 0
    assert "not measured" not in injected.stderr
