"""The page of known data: every panel is drawn, gaps stay gaps, nothing of a label gets into the page as markup."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape

import pytest

from reduse.monitoring.dashboards.colors import STATUSES, color_of
from reduse.monitoring.dashboards.definition import Board, Kind, Panel, Query, Section, Threshold, Variable
from reduse.operation.report.asking import Line, Shown, Window, chosen, with_values
from reduse.operation.report.drawing import legend, svg
from reduse.operation.report.page import page
from reduse.store.answer import Course, Sample

WINDOW = Window(1_790_000_000, 1_790_000_600)


def panel(kind: Kind = Kind.LINES) -> Panel:
    return Panel("Title & more", "What it shows.", (Query("up", "{{job}}"),), "s", kind, (Threshold(2, "red"),))


def line(name: str, values: Sequence[float], begin: float = WINDOW.begin) -> Line:
    times = [begin + number * WINDOW.step for number in range(len(values))]
    return Line(name, Course({}, times, values))


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_drawn(kind: Kind) -> None:
    names = ("1", "5", "+Inf") if kind is Kind.HEATMAP else ("a", "b", "c")
    shown = Shown(panel(kind), [line(name, [1.0, math.nan, 2.0 + number]) for number, name in enumerate(names)])
    drawn = svg(shown, WINDOW)
    assert drawn.startswith("<svg")
    assert drawn.rstrip().endswith("</svg>")


def test_nothing_but_nan_is_drawn_too() -> None:
    for kind in (Kind.LINES, Kind.STACKED, Kind.NUMBER):
        assert svg(Shown(panel(kind), [line("a", [math.nan])]), WINDOW)


def test_the_same_data_gives_the_same_drawing() -> None:
    shown = Shown(panel(), [line("a", [1.0, 2.0])])
    assert svg(shown, WINDOW) == svg(shown, WINDOW)


def test_the_legend_names_the_largest_first_each_in_its_color() -> None:
    found = legend(Shown(panel(), [line("small", [1.0]), line("large", [5.0])]))
    assert [name for name, _ in found] == ["large", "small"]
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for _, color in found)


def test_a_status_has_the_same_color_wherever_it_is_and_others_take_the_palette() -> None:
    statuses = replace(panel(Kind.STACKED), colors=STATUSES)
    found = dict(legend(Shown(statuses, [line(name, [1.0]) for name in ("503", "200", "404", "odd")])))
    alone = dict(legend(Shown(statuses, [line("/orders 503", [1.0])])))
    assert found["503"] == alone["/orders 503"] == color_of("503", STATUSES)
    assert len(set(found.values())) == 4


def polygons(drawn: str) -> int:
    """Of the first area of a stack."""
    area: str = re.findall(r'<g id="FillBetweenPolyCollection_1">(.*?)</g>', drawn, re.DOTALL)[0]
    return area.count("fill-opacity")


def test_a_stack_has_a_gap_and_no_zero_where_there_is_no_data() -> None:
    shown = Shown(panel(Kind.STACKED), [line("a", [1.0, 2.0]), line("b", [1.0, 2.0], WINDOW.end - WINDOW.step)])
    whole = Shown(panel(Kind.STACKED), [line("a", [1.0] * 241)])
    assert (polygons(svg(shown, WINDOW)), polygons(svg(whole, WINDOW))) == (2, 1)


def test_variables_and_windows_are_filled_in() -> None:
    board = Board("reduse-x", "X", "", (), (Variable("job", "job", "up", "mes-api"),))
    values = chosen(board, {})
    assert with_values('rate(up{job="$job"}[$__rate_interval])', values, WINDOW) == 'rate(up{job="mes-api"}[20s])'
    named = 'label_replace(up, "name", "$1", "job", "(.*)")'
    assert with_values(named, values, WINDOW) == named, "a group of a regular expression is no variable"
    assert chosen(board, {"job": "shop-api"}) == {"job": "shop-api"}


def test_what_is_about_a_part_that_is_not_in_use_is_left_out() -> None:
    """And nothing else that has no data: it is missing."""
    may_be_empty = replace(panel(), may_be_empty=True)
    sections = (Section("Unused", (may_be_empty,), folded=True), Section("Missing", (panel(),), folded=True))
    board = Board("reduse-x", "X", "About.", (*sections, Section("Open", (may_be_empty,))))
    made = page([(board, [Shown(each, []) for each in board.panels])], [], WINDOW)
    assert re.findall("<h3>(.*?)</h3>", made) == ["Missing", "Open"]
    made = page([(board, [Shown(each, [line("a", [1.0])]) for each in board.panels])], [], WINDOW)
    assert re.findall("<h3>(.*?)</h3>", made) == ["Unused", "Missing", "Open"]


def test_what_labels_say_is_text_and_no_markup() -> None:
    board = Board("reduse-x", "X <b>", "About.", (Section("S", (panel(), panel())),))
    shown = [Shown(panel(), [line("<script>alert(1)</script>", [1.0])]), Shown(panel(), [])]
    alerts = [Sample({"alertname": "A", "severity": "critical", "job": "<i>"}, 0, 1)]
    made = page([(board, shown)], alerts, WINDOW)
    assert "<script>" not in made
    assert "<i>" not in made.replace('<i style="', "")
    assert "Title & more" in unescape(made)
    assert "No data" in made
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", made), "it needs something of the network"


def test_it_says_so_when_nothing_fires() -> None:
    assert "None fires." in page([], [], WINDOW)


@pytest.mark.parametrize("seconds", [60, 90, 180, 300, 900, 1800, 3600, 21_600, 86_400, 172_800, 604_800])
def test_any_window_has_times_below_its_drawing(seconds: int) -> None:
    window = Window(WINDOW.end - seconds, WINDOW.end)
    shown = Shown(panel(), [line("a", [1.0, 2.0, 3.0], window.begin)])
    assert len(re.findall(r'id="xtick_\d+"', svg(shown, window))) >= 3
