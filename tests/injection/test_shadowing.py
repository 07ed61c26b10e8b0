"""Nothing that the application has is shadowed, and what does not fit is one line and no instrumentation."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from reduse.injection.targets import VERSIONS
from tests.injection import operator
from tests.injection.interpreters import packages

pytestmark = pytest.mark.server
NOWHERE = "http://127.0.0.1:9"
APPLICATION = Path(__file__).parent / "application"


def run(command: list[str], variables: Mapping[str, str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=dict(variables), cwd=cwd, capture_output=True, text=True, check=False, timeout=60
    )


def both(
    pod: Path, command: list[str], own: Mapping[str, str] = {}, cwd: Path | None = None
) -> tuple[subprocess.CompletedProcess[str], subprocess.CompletedProcess[str]]:
    """The same command in a container as it is, and with the annotation."""
    variables = operator.plain(**own)
    return run(command, variables, cwd=cwd), run(command, operator.injected(pod, NOWHERE, variables), cwd=cwd)


def facts(python: Path, *modules: str) -> list[str]:
    return [str(python), str(APPLICATION / "facts.py"), *modules]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_application_sees_its_own_packages_and_path(
    pod: Path, python_of: Callable[[str], Path], version: str
) -> None:
    """protobuf 4.25 and typing_extensions 4.8 beside what is newest of ours."""
    plain, injected = both(pod, facts(python_of(version), "google.protobuf", "typing_extensions"))
    assert plain.stderr == "plain\n"
    assert injected.stderr == "measured\n"
    assert injected.stdout == plain.stdout
    assert "4.25.8" in plain.stdout
    assert injected.returncode == plain.returncode == 0


@pytest.mark.parametrize(
    ("requirement", "module", "phrase"),
    [
        ("opentelemetry-api==1.20.0", "opentelemetry.trace", "opentelemetry-api 1.20.0 is installed here, and "),
        ("wrapt==1.10.11", "wrapt", "wrapt 1.10.11 is installed here, and "),
    ],
)
def test_a_package_that_does_not_fit_is_a_line_and_no_instrumentation(
    pod: Path, python: Path, tmp_path: Path, requirement: str, module: str, phrase: str
) -> None:
    old = packages(tmp_path / "old", python, requirement)
    plain, injected = both(pod, facts(python, module), {"PYTHONPATH": str(old)})
    line, last = injected.stderr.splitlines()
    assert line.startswith(f"reduse: not measured: {phrase}")
    assert last == "plain"
    assert injected.stdout == plain.stdout
    assert str(old) in plain.stdout
    assert injected.returncode == 0


def test_a_package_that_we_do_not_use_may_be_of_any_version(pod: Path, python: Path, tmp_path: Path) -> None:
    old = packages(tmp_path / "old", python, "psutil==5.9.8")
    plain, injected = both(pod, facts(python, "psutil"), {"PYTHONPATH": str(old)})
    assert injected.stdout == plain.stdout
    assert injected.stderr.splitlines()[-1] in ("measured", "plain")
    assert len(injected.stderr.splitlines()) == (1 if injected.stderr == "measured\n" else 2)


def test_a_module_beside_the_program_that_says_no_version_is_not_touched(
    pod: Path, python: Path, tmp_path: Path
) -> None:
    """As `sys.path` is when the program runs, which it is not yet when `sitecustomize` does."""
    (tmp_path / "wrapt.py").write_text("OURS = 1\n")
    program = tmp_path / "program.py"
    program.write_text("import starlette.applications, wrapt\nprint(wrapt.OURS)\n")
    plain, injected = both(pod, [str(python), str(program)])
    assert injected.stdout == plain.stdout == "1\n"
    assert injected.stderr == (
        "reduse: not measured: wrapt is installed here without a version number: "
        "install compatible versions in the application, or remove the annotation\n"
    )


def test_a_setting_that_cannot_be_used_is_a_line_and_the_application_goes_on(pod: Path, python: Path) -> None:
    plain, injected = both(pod, facts(python, "typing_extensions"), {"REDUSE_USER_MODE": "nonsense"})
    assert injected.stderr.splitlines() == [
        "reduse: not measured: REDUSE_USER_MODE='nonsense' is not a mode: use hash or plain",
        "plain",
    ]
    assert injected.stdout == plain.stdout


def test_the_environment_stays_as_it_is_where_something_is_measured(pod: Path, python: Path) -> None:
    """Other tools follow the same variables, and so does what the application starts."""
    environment = operator.injected(pod, NOWHERE, operator.plain())
    told = "print(sorted(os.environ.items()))"
    before = run([str(python), "-c", f"import os; {told}"], environment)
    after = run([str(python), "-c", f"import os, starlette.applications; {told}"], environment)
    assert after.stdout == before.stdout


def test_nothing_is_added_where_it_is_switched_off(pod: Path, python: Path) -> None:
    _, injected = both(pod, facts(python, "typing_extensions"), {"OTEL_SDK_DISABLED": "true"})
    assert injected.stderr == "plain\n"


def test_a_setting_is_not_left_behind_where_nothing_is_measured(pod: Path, python: Path) -> None:
    environment = operator.injected(pod, NOWHERE, operator.plain(REDUSE_USER_MODE="nonsense"))
    told = "print(sorted(os.environ.items()))"
    before = run([str(python), "-c", f"import os; {told}"], environment)
    after = run([str(python), "-c", f"import os, starlette.applications; {told}"], environment)
    assert after.stdout == before.stdout


def test_an_interpreter_without_packages_is_a_line(pod: Path, python: Path, tmp_path: Path) -> None:
    folder = operator.copied(pod, tmp_path / "pod")
    for each in (folder / "reduse-injected").glob("cpython-311-*"):
        each.rename(each.with_name("cpython-310-x86_64-linux-gnu"))
    _, injected = both(folder, facts(python, "typing_extensions"))
    line, last = injected.stderr.splitlines()
    assert line.startswith("reduse: not measured: there are no packages for cpython-311-")
    assert last == "plain"


def test_a_folder_that_was_copied_in_part_is_a_line(pod: Path, python: Path, tmp_path: Path) -> None:
    folder = operator.copied(pod, tmp_path / "pod")
    (folder / "reduse-injected" / "start" / "beginning.py").unlink()
    plain, injected = both(folder, facts(python, "typing_extensions"))
    assert [line.partition(":")[0] for line in injected.stderr.splitlines()] == ["reduse", "plain"]
    assert injected.stdout == plain.stdout
