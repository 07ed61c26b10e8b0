"""Who has imported what nobody measures is told so, once, and by what it would be."""

import pytest

from reduse.distro.lifecycle.unmeasured import say_what_is_not_measured, unmeasured


@pytest.mark.parametrize(
    ("imported", "installed", "named"),
    [
        ((), (), []),
        (("json", "psycopg2", "fastapi"), (), []),
        (("aio_pika", "asyncpg", "django", "flask", "pika", "psycopg", "psycopg_pool", "sqlalchemy"), (), []),
        (("redis",), (), ["redis"]),
        (("pymysql",), (), ["pymysql (opentelemetry-instrumentation-pymysql measures it)"]),
        (("pymysql",), ("pymysql",), []),
        (("aiohttp",), (), []),
        (("aiohttp", "aiohttp.web"), (), ["aiohttp.web (opentelemetry-instrumentation-aiohttp-server measures it)"]),
        (("sanic", "bottle"), ("pymysql",), ["bottle", "sanic"]),
    ],
)
def test_what_is_named(imported: tuple[str, ...], installed: tuple[str, ...], named: list[str]) -> None:
    assert unmeasured(imported, installed) == named


def test_one_line_that_a_setting_silences(capsys: pytest.CaptureFixture[str]) -> None:
    imported = ("bottle", "fastapi", "sanic")
    say_what_is_not_measured({}, imported)
    said = capsys.readouterr().err
    assert said == "reduse: imported but not measured: bottle, sanic. REDUSE_UNMEASURED=quiet disables this message\n"
    say_what_is_not_measured({"REDUSE_UNMEASURED": "quiet"}, imported)
    assert capsys.readouterr().err == ""
