"""Whatever is sent as a query, its operation is one of a known few."""

from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.instrumentation.psycopg2 import CursorTracer

from reduse.distro.sources.database.operation_name import COMMANDS, OTHER, _bound, known_operation


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("SELECT", "SELECT"),
        ("select", "SELECT"),
        ("with", "WITH"),
        ("ROLLBACK;", "ROLLBACK"),
        ("SELECT('secret')", "SELECT"),
        ("SELEC", OTHER),
        ("'secret'", OTHER),
        ("--", OTHER),
        ("", ""),
    ],
)
def test_a_query_is_named_by_its_command(token: str, name: str) -> None:
    assert known_operation(token) == name


def test_the_commands_are_few() -> None:
    assert len(COMMANDS) < 100


def test_contribs_tracer_is_bounded() -> None:
    """The method that names operations is contrib's; this fails when it is renamed."""

    class Tracer(CursorTracer):
        get_operation_name = CursorTracer.get_operation_name

    integration: Any = SimpleNamespace(
        enable_commenter=False, commenter_options={}, enable_attribute_commenter=False, connect_module=None
    )
    _bound(SimpleNamespace(CursorTracer=Tracer))
    tracer: Any = Tracer(integration)
    assert tracer.get_operation_name(None, ("/* why */ select 1",)) == "SELECT"
    assert tracer.get_operation_name(None, ("selct 1",)) == OTHER
