"""docs/python-api.md says what is public, the code has it, and everybody else keeps to it."""

import ast
import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "python-api.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## `(reduse\.\w+)`\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL))
MODULES: list[ModuleType] = [importlib.import_module(name) for name in SECTIONS]
# What a processor is and is tried with is public as a whole.
WHOLE = ("Processor", "Harness", "MetricsMiddleware")


def rows(module: ModuleType) -> list[tuple[str, str | None]]:
    """Each name of the table, with its parameters where it is called."""
    found = re.findall(r"^\| `([\w.]+)(?:\((.*?)\))?` \|", SECTIONS[module.__name__], re.MULTILINE)
    cells = re.findall(r"^\| `([^`]+)` \|", SECTIONS[module.__name__], re.MULTILINE)
    assert len(cells) == len(found)
    return [(name, parameters if "(" in cell else None) for (name, parameters), cell in zip(found, cells, strict=True)]


def attribute(module: ModuleType, dotted: str) -> object:
    found: object = module
    for name in dotted.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_page_has_the_names_of_the_module(module: ModuleType) -> None:
    assert sorted(name for name, _ in rows(module) if "." not in name) == sorted(module.__all__)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_what_is_called_has_the_parameters_of_the_page(module: ModuleType) -> None:
    for name, parameters in rows(module):
        found = attribute(module, name)
        if parameters is None:
            continue
        assert callable(found)
        names = [f"*{each.name}" if each.kind is each.VAR_POSITIONAL else each.name for each in _parameters(found)]
        assert ", ".join(names) == parameters, name


def _parameters(found: object) -> list[inspect.Parameter]:
    assert callable(found)
    if isinstance(found, type) and issubclass(found, Exception):
        return [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)]
    return [each for each in inspect.signature(found).parameters.values() if each.name != "self"]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_class_and_function_says_what_it_is(module: ModuleType) -> None:
    for name, _ in rows(module):
        found = attribute(module, name)
        if inspect.isclass(found) or inspect.isfunction(found):
            assert found.__doc__, name
            assert not found.__doc__.startswith(f"{found.__name__}("), f"{name} has a docstring of its own"


@pytest.mark.parametrize("name", WHOLE)
def test_every_method_of_such_a_class_is_on_the_page(name: str) -> None:
    (module,) = (each for each in MODULES if name in each.__all__)
    kind = getattr(module, name)
    methods = {each for each, found in vars(kind).items() if inspect.isfunction(found) and not each.startswith("_")}
    assert methods == {row.partition(".")[2] for row, _ in rows(module) if row.startswith(f"{name}.")}


def imported(text: str) -> set[str]:
    """The modules of this package that Python code imports."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
    return {name for name in found if name.split(".")[0] == "reduse"}


def test_the_guides_and_examples_import_what_is_public() -> None:
    # How this project itself is changed, not how it is used.
    pages = [path for path in (ROOT / "docs").rglob("*.md") if path.name != "write-a-signal.md"]
    blocks = [
        block
        for page in (*pages, ROOT / "README.md")
        if "decisions" not in page.parts
        for block in re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    ]
    programs = [path.read_text("utf-8") for path in (ROOT / "examples").rglob("*.py")]
    drills = [path.read_text("utf-8") for path in ROOT.glob("company/drills.py")]
    assert blocks
    used = set().union(*map(imported, (*blocks, *programs, *drills)))
    assert used <= SECTIONS.keys()
    assert {"reduse.plugin", "reduse.middleware", "reduse.drills"} <= used


def test_the_package_has_no_other_module_that_looks_public() -> None:
    """Each of the four says so, and nothing private has a name in `__all__`."""
    package = ROOT / "otel" / "reduse"
    saying = {path.stem for path in package.glob("*.py") if path.read_text("utf-8").startswith('"""Public: ')}
    assert {f"reduse.{name}" for name in saying} == SECTIONS.keys()
