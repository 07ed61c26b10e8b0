"""What is said when spans are wanted and nothing makes them."""

import importlib.metadata

import pytest

from reduse.distro.lifecycle import contrib_instrumentations as instrumentations
from reduse.distro.lifecycle.contrib_instrumentations import say_what_is_missing, without_instrumentation

ALL = ("fastapi", "starlette", "pika")


@pytest.mark.parametrize(
    ("libraries", "present", "missing"),
    [
        (ALL, ALL, []),
        (ALL, ("psycopg2",), ["fastapi", "pika"]),
        (ALL, ("fastapi",), ["pika"]),
        (("starlette",), (), ["starlette"]),
        ((), (), []),
    ],
)
def test_a_library_without_its_instrumentation_is_missing_one(
    libraries: tuple[str, ...], present: tuple[str, ...], missing: list[str]
) -> None:
    assert without_instrumentation(libraries, present) == missing


def test_nothing_is_said_where_the_extra_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("opentelemetry.instrumentation.fastapi")
    say_what_is_missing({"OTEL_TRACES_EXPORTER": "otlp"})
    assert capsys.readouterr().err == ""


def test_one_line_names_the_setting_what_is_missing_and_the_cure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_pika(group: str) -> list[importlib.metadata.EntryPoint]:
        return [importlib.metadata.EntryPoint("pika", "module:name", group)]

    monkeypatch.setattr(instrumentations, "entry_points", only_pika)
    say_what_is_missing({"OTEL_TRACES_EXPORTER": "otlp"})
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("reduse: OTEL_TRACES_EXPORTER=otlp")
    assert "fastapi" in line
    assert "pika" not in line
    assert "pip install 'reduse[traces]'" in line
