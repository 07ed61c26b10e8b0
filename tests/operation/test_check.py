"""A row passes when its newest sample is young enough and there is something to show."""

import math

import pytest

from reduse.operation.check import SHOWN_ROWS, amount, describe, judge, table
from reduse.store.answer import Sample
from tests.reference import ROWS, row

RPS = row("shop-api.requests")
LATENCY = row("shop-api.latency")


def test_a_fresh_row_passes() -> None:
    assert judge(RPS, [Sample({"status": "200"}, 0, 12.5)], age=1.0).passed


def test_no_sample_fails() -> None:
    result = judge(RPS, [], age=None)
    assert not result.passed
    assert "no sample" in result.reason


def test_an_old_sample_fails_and_says_how_old() -> None:
    result = judge(RPS, [Sample({}, 0, 1)], age=RPS.maximum_age + 1)
    assert not result.passed
    assert "stale" in result.reason


def test_a_row_of_a_service_that_exports_rarely_may_be_older() -> None:
    assert judge(RPS, [Sample({}, 0, 1)], age=100, age_limit=210).passed
    assert not judge(RPS, [Sample({}, 0, 1)], age=211, age_limit=210).passed


def test_a_query_without_a_value_fails() -> None:
    assert not judge(RPS, [], age=1.0).passed


def test_no_request_in_the_window_is_no_fault_and_no_nan_in_json() -> None:
    result = judge(LATENCY, [Sample({"quantile": "0.5"}, 0, math.nan)], age=1.0)
    assert result.passed
    assert result.values[0].value is None
    assert describe(result) == "no data in the window"


def test_values_are_described_the_largest_first_and_quantiles_in_order() -> None:
    rps = judge(RPS, [Sample({"status": str(code)}, 0, code) for code in (200, 201, 404, 422, 500)], age=1.0)
    assert describe(rps) == "500: 500.0/s · 422: 422.0/s · 404: 404.0/s · 201: 201.0/s · 1 more"
    quantiles = [Sample({"quantile": text}, 0, number) for text, number in (("0.99", 0.2), ("0.5", 0.01))]
    assert describe(judge(LATENCY, quantiles, age=1.0)) == "p50: 10.0 ms · p99: 200.0 ms"


@pytest.mark.parametrize(("unit", "text"), [("s", "2000.0 ms"), ("{request}/s", "2.0/s"), ("%", "2.0 %"), ("1", "2")])
def test_amounts_carry_their_unit(unit: str, text: str) -> None:
    assert amount(2, unit) == text


def test_the_table_has_a_line_for_every_row() -> None:
    assert table([judge(row, [], None) for row in ROWS]).row_count == 12


def test_a_quantile_without_requests_passes_where_the_store_leaves_nan_out() -> None:
    assert not judge(LATENCY, [], age=1.0).passed
    assert judge(LATENCY, [], age=1.0, may_be_empty=True).passed


def test_of_many_rows_those_that_fail_come_first_and_all_of_them() -> None:
    good = judge(RPS, [Sample({}, 0, 1)], age=1.0)
    bad = judge(LATENCY, [], age=None)
    few = table([good] * SHOWN_ROWS + [bad])
    assert few.row_count == SHOWN_ROWS
    assert next(iter(few.columns[-1].cells)) == "[red]✗[/]"
    assert few.caption == "1 more rows are OK: --all shows them."
    assert table([good] * SHOWN_ROWS + [bad], every=True).row_count == SHOWN_ROWS + 1
    assert table([bad] * (2 * SHOWN_ROWS)).row_count == 2 * SHOWN_ROWS
