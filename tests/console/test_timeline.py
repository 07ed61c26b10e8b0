"""A graph's series move on column by column, and are what the store has."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reduse.console.timeline import COLUMNS, SHOWN_SERIES, Timeline
from reduse.operation.report.asking import Line
from reduse.store.answer import Course

STEP = 5.0
END = 10_000.0


def line(name: str, values: dict[float, float], **labels: str) -> Line:
    return Line(name, Course(labels, tuple(values), tuple(values.values())))


def shown(timeline: Timeline) -> dict[str, list[float | None]]:
    lines = timeline.shown()["lines"]
    assert isinstance(lines, list)
    return {each["name"]: each["values"] for each in lines}


def test_each_value_is_in_the_column_of_its_time() -> None:
    timeline = Timeline(STEP)
    timeline.fill(END, [line("a", {END: 1.0, END - STEP: 2.0, timeline.begin: 9.0, END - COLUMNS * STEP: 4.0})])
    assert shown(timeline)["a"][-3:] == [None, 2.0, 1.0]


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.floats(0, 1000, width=32)), min_size=1, max_size=30))
def test_columns_one_after_the_other_are_those_of_all_at_once(columns: list[dict[str, float]]) -> None:
    moments = [END + number * STEP for number in range(len(columns))]
    moving = Timeline(STEP)
    moving.fill(moments[0], [line(name, {moments[0]: value}) for name, value in columns[0].items()])
    for moment, column in zip(moments[1:], columns[1:], strict=True):
        assert moving.follows(moment)
        moving.append(moment, [line(name, {moment: value}) for name, value in column.items()])
    whole = Timeline(STEP)
    names = {name for column in columns for name in column}
    courses = {
        name: {moment: column[name] for moment, column in zip(moments, columns, strict=True) if name in column}
        for name in names
    }
    whole.fill(moments[-1], [line(name, course) for name, course in courses.items()])
    assert shown(moving) == shown(whole)


def test_a_series_without_any_value_left_goes() -> None:
    timeline = Timeline(STEP)
    timeline.fill(END, [line("a", {END: 1.0})])
    for number in range(1, COLUMNS + 1):
        timeline.append(END + number * STEP, [line("b", {END: 2.0})])
    assert set(shown(timeline)) == {"b"}


def test_series_of_one_name_are_kept_apart_by_their_labels() -> None:
    timeline = Timeline(STEP)
    timeline.fill(END, [line("a", {END: 1.0}, instance="x"), line("a", {END: 2.0}, instance="y")])
    assert len(timeline.series) == 2


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_no_value(value: float) -> None:
    timeline = Timeline(STEP)
    timeline.fill(END, [line("a", {END: value, END - STEP: 1.0})])
    assert shown(timeline)["a"][-2:] == [1.0, None]


def test_a_column_left_out_is_not_the_next_one() -> None:
    timeline = Timeline(STEP)
    assert not timeline.follows(END)
    timeline.fill(END, [])
    assert timeline.follows(END + STEP)
    assert not timeline.follows(END + 2 * STEP)
    assert not timeline.follows(END)


def test_beyond_the_bound_the_smallest_are_left_out_and_counted() -> None:
    timeline = Timeline(STEP)
    timeline.fill(END, [line(f"{number}", {END: float(number)}) for number in range(SHOWN_SERIES + 3)])
    assert timeline.shown()["left_out"] == 3
    assert "0" not in shown(timeline)
    assert f"{SHOWN_SERIES + 2}" in shown(timeline)
