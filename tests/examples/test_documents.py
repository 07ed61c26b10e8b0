"""What the documents say of the three steps agrees, and the examples ask for what is tested."""

import re
from pathlib import Path

import pytest

from tests.examples.guide import ROOT, commands

SHORT = (ROOT / "README.md", ROOT / "docs" / "instrument-your-service.md")
REQUIREMENTS = sorted((ROOT / "examples").glob("*/requirements.txt"))


def short_form(document: Path) -> str:
    """The three steps in their short form."""
    text = document.read_text("utf-8")
    steps = re.search(r"^1\. Install the distro beside.*?^3\. [^\n]*$", text, re.MULTILINE | re.DOTALL)
    assert steps is not None
    return steps[0]


def settings(text: str) -> dict[str, str]:
    """What is exported, with the defaults of what may be changed."""
    plain = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", text).replace('"', "")
    return dict(re.findall(r"^ *export (\w+)=(.*)$", plain, re.MULTILINE))


def test_the_short_forms_are_equal() -> None:
    assert short_form(SHORT[0]) == short_form(SHORT[1])


def test_the_short_forms_set_what_the_guide_sets() -> None:
    (block,) = commands("2. ")
    assert settings(short_form(SHORT[0])) == settings(block)


def test_the_short_forms_point_to_the_guide() -> None:
    assert all("bring-your-own-service.md)" in document.read_text("utf-8") for document in SHORT)


@pytest.mark.parametrize("requirements", REQUIREMENTS, ids=lambda path: path.parent.name)
def test_an_example_asks_for_the_versions_of_the_lock(requirements: Path) -> None:
    locked = re.findall(r"^(\S+==\S+) \\$", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    assert set(requirements.read_text("utf-8").split()) <= set(locked)


def test_the_fastapi_example_knows_nothing_of_what_watches_it() -> None:
    text = "".join(path.read_text("utf-8") for path in (ROOT / "examples" / "fastapi").rglob("*.py"))
    assert "def create_invoice" in text
    assert not re.search("opentelemetry|reduse|otel", text, re.IGNORECASE)


def test_the_flask_example_names_the_distro_in_one_file() -> None:
    files = (ROOT / "examples" / "flask").rglob("*.py")
    assert [path.name for path in files if "reduse" in path.read_text("utf-8")] == ["asgi.py"]
