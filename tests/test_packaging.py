"""The distro can be installed beside a service that has none of what this repository develops with."""

import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


MATRIX = ROOT / "tests" / "matrix"
BASE: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]


def test_what_the_base_depends_on_is_a_range_without_an_end() -> None:
    """A company has versions of its own, and newer ones tomorrow."""
    assert [each for each in BASE if not re.fullmatch(r"[a-z0-9-]+>=[0-9.b]+", each)] == []


def test_the_oldest_versions_that_are_tested_are_the_oldest_that_are_asked_for() -> None:
    locked = dict(re.findall(r"^(\S+)==(\S+)", (MATRIX / "oldest.lock").read_text(), re.MULTILINE))
    for name, version in (each.split(">=") for each in BASE):
        assert re.fullmatch(rf"{re.escape(version)}(\.0)*", locked[name]), name


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter with nothing but pip."""
    folder = tmp_path_factory.mktemp("packaging") / "venv"
    venv.create(folder, with_pip=True)
    return str(folder / "bin" / "python")


@pytest.mark.server
@pytest.mark.parametrize("extras", ["", "[traces,prometheus]"])
def test_pip_finds_versions_that_go_together(python: str, extras: str) -> None:
    """With whatever else is new in the registry; nothing is installed."""
    command = [python, "-m", "pip", "install", "--quiet", "--dry-run", f"{ROOT}{extras}"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert finished.returncode == 0, finished.stderr


# Minutes, and half a gigabyte.
ALL_WORK = ("reduse", "reduse-processor")


@pytest.fixture(scope="module")
def wheel(python: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)], check=True
    )
    (built,) = folder.glob("*.whl")
    return str(built)


@pytest.fixture(scope="module")
def scripts(request: pytest.FixtureRequest, wheel: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of console scripts of a clean installation with the extras that the parameter names."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=True)
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", f"{wheel}{request.param}"]
    subprocess.run(command, check=True, timeout=280)
    return folder / "bin"


@pytest.mark.server
@pytest.mark.parametrize(
    ("scripts", "working"),
    [
        ("", ()),
        ("[traces,prometheus]", ()),
        pytest.param("[processor]", ("reduse-processor",), marks=pytest.mark.extended),
        pytest.param("[stack]", ALL_WORK, marks=pytest.mark.extended),
    ],
    indirect=["scripts"],
)
def test_console_scripts_work_or_name_the_extra(scripts: Path, working: tuple[str, ...], tmp_path: Path) -> None:
    for script, *arguments in (
        ["reduse"],
        ["reduse", "--help"],
        ["reduse", "collector"],
        ["reduse-processor", "--help"],
    ):
        finished = subprocess.run(
            [str(scripts / script), *arguments], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60
        )
        said = f"{script} {arguments}: {finished.stderr}"
        assert "Traceback" not in finished.stderr, said
        if script not in working:
            extra = "processor" if script == "reduse-processor" else "stack"
            assert finished.returncode == 2, said
            assert finished.stderr.count("\n") == 1, said
            assert f"pip install 'reduse[{extra}]'" in finished.stderr
        elif arguments == ["--help"]:
            assert finished.returncode == 0, said


@pytest.mark.slow
def test_a_bad_argument_of_the_processor_is_one_line() -> None:
    command = [str(Path(sys.executable).parent / "reduse-processor"), "--port=1"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr == "reduse-processor: --port=1 is not a valid argument: the command has none, see --help\n"
