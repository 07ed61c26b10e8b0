"""Who has imported what nobody measures is told so, once, and by what it would be."""

import sys
from types import ModuleType

import pytest

from reduse.distro.lifecycle.unmeasured import say_what_is_not_measured, unmeasured


@pytest.mark.parametrize(
    ("imported", "installed", "named"),
    [
        ((), (), []),
        (("json", "psycopg2", "fastapi"), (), []),
        (("redis",), (), ["redis"]),
        (("pymysql",), (), ["pymysql (opentelemetry-instrumentation-pymysql would)"]),
        (("pymysql",), ("pymysql",), []),
        (("aiohttp",), (), []),
        (("aiohttp", "aiohttp.web"), (), ["aiohttp.web (opentelemetry-instrumentation-aiohttp-server would)"]),
        (("sanic", "bottle"), ("pymysql",), ["bottle", "sanic"]),
    ],
)
def test_what_is_named(imported: tuple[str, ...], installed: tuple[str, ...], named: list[str]) -> None:
    assert unmeasured(imported, installed) == named


def test_one_line_that_a_setting_silences(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "sanic", ModuleType("sanic"))
    monkeypatch.setitem(sys.modules, "bottle", ModuleType("bottle"))
    say_what_is_not_measured({})
    said = capsys.readouterr().err
    assert said == "reduse: imported here and not measured: bottle, sanic. REDUSE_UNMEASURED=quiet silences this\n"
    say_what_is_not_measured({"REDUSE_UNMEASURED": "quiet"})
    assert capsys.readouterr().err == ""
