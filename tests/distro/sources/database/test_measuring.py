"""Whatever a driver's method does, it does the same when it is measured, and what fails of ours is not noticed."""

import traceback
from typing import Any

import pytest

from reduse.distro.base.aggregation import HistogramState
from reduse.distro.sources.database.aggregation import DatabaseAggregation, Place
from reduse.distro.sources.database.measuring import OperationMeter, measured
from reduse.distro.sources.database.spans import Spans

SHOP = Place("shop", "db", 5432)


class Connection:
    """A connection is something that can be referred to weakly."""


class Cursor:
    """Stands for a driver's."""

    def __init__(self) -> None:
        self.connection = Connection()

    def execute(self, query: str, values: object = None) -> tuple[object, ...]:
        if query == "fail":
            raise LookupError(values)
        return query, values


def of_cursor(operations: DatabaseAggregation, place_of: Any = lambda _connection: SHOP) -> Any:
    execute = measured(
        Cursor.execute, OperationMeter(operations, place_of), Spans(), lambda cursor: cursor.connection, "query"
    )
    return type("Cursor", (Cursor,), {"execute": execute})()


def counted(operations: DatabaseAggregation) -> dict[tuple[object, object], int]:
    states: list[HistogramState] = operations.collect(0)
    return {
        (state.attributes.get("db.operation.name"), state.attributes.get("error.type")): sum(state.bucket_counts)
        for state in states
    }


def test_results_are_given_back_and_calls_are_counted_in_every_form() -> None:
    operations = DatabaseAggregation(lambda: None)
    cursor = of_cursor(operations)
    assert cursor.execute("select 1") == ("select 1", None)
    assert cursor.execute(values=2, query="select 2") == ("select 2", 2)
    assert counted(operations) == {("SELECT", None): 2}


def test_an_error_is_the_drivers_own_and_its_traceback_has_no_line_of_ours() -> None:
    operations = DatabaseAggregation(lambda: None)
    cursor = of_cursor(operations)
    with pytest.raises(LookupError, match="on purpose") as raised:
        cursor.execute("fail", "on purpose")
    files = [frame.filename for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert files == [__file__, __file__]
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'query'"):
        cursor.execute()
    assert counted(operations) == {("_OTHER", "LookupError"): 1, (None, "TypeError"): 1}


def test_an_operation_whose_place_cannot_be_read_is_counted_without_it() -> None:
    def place_of(_connection: object) -> Place:
        raise RuntimeError

    operations = DatabaseAggregation(lambda: None)
    assert of_cursor(operations, place_of).execute("select 1") == ("select 1", None)
    assert counted(operations) == {("SELECT", None): 1}
    assert "server.address" not in operations.collect(0)[0].attributes


def test_the_code_of_the_server_is_the_error_when_there_is_one() -> None:
    class ServerError(Exception):
        pgcode = "42601"

    class Failing(Cursor):
        def execute(self, query: str, values: object = None) -> tuple[object, ...]:
            raise ServerError(query, values)

    operations = DatabaseAggregation(lambda: None)
    meter = OperationMeter(operations, lambda _connection: SHOP)
    execute = measured(Failing.execute, meter, Spans(), lambda cursor: cursor.connection, "query")
    with pytest.raises(ServerError):
        execute(Failing(), "select 1")
    (state,) = operations.collect(0)
    assert state.attributes == {
        "db.operation.name": "SELECT",
        "db.system.name": "postgresql",
        "db.namespace": "shop",
        "server.address": "db",
        "server.port": 5432,
        "db.response.status_code": "42601",
        "error.type": "42601",
    }
