"""The dashboards of a company: frames with the panels of the signals and the rows of its table."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reduse.monitoring.dashboards.definition import WIDTH, Board, Panel, Section, Variable
from reduse.monitoring.dashboards.frames import FRAMES, OVERVIEW, Choice, Frame
from reduse.monitoring.dashboards.names import readable
from reduse.monitoring.dashboards.table import pages
from reduse.monitoring.definition import Signal
from reduse.monitoring.signals import all_signals
from reduse.monitoring.table import CompanyRow, rows
from reduse.watch.company import Company


def boards(company: Company) -> tuple[Board, ...]:
    """All dashboards, in display order.

    Those about databases and brokers are omitted if the company has none.

    Raises:
        ValueError: no frame has the section that a panel names.
    """
    table = rows(company)
    panels = _placed(all_signals())
    kinds = {part.kind for part in company.parts}
    made: list[Board] = []
    for frame in FRAMES:
        if frame.about is None or frame.about in kinds:
            board = _board(frame, panels, table, company)
            made += _overview(board, table) if frame is OVERVIEW else (board,)
    return tuple(made)


_Panels = dict[tuple[str, str], list[Panel]]


def _placed(signals: Iterable[Signal]) -> _Panels:
    """The panels by dashboard and section, in the order of the signals; first those of the kind that it is about."""
    about = {frame.uid: frame.about for frame in FRAMES}
    panels: _Panels = {(frame.uid, section): [] for frame in FRAMES for section in frame.sections}
    shown = [(signal, shown) for signal in signals for shown in signal.panels]
    for signal, each in sorted(shown, key=lambda found: found[0].of != about.get(found[1].board)):
        if (each.board, each.section) not in panels:
            raise ValueError(f"{signal.name}: no dashboard {each.board} has a section {each.section!r}")
        panels[each.board, each.section].append(readable(each.panel))
    # A panel as wide as the dashboard comes last, because it leaves a gap in the line before it.
    return {place: sorted(found, key=lambda panel: panel.width == WIDTH) for place, found in panels.items()}


def _board(frame: Frame, panels: _Panels, table: tuple[CompanyRow, ...], company: Company) -> Board:
    found = ((title, panels[frame.uid, title]) for title in frame.sections)
    sections = tuple(Section(title, tuple(there), title in frame.folded) for title, there in found if there)
    variables = tuple(_variable(choice, table, company) for choice in frame.choices)
    return Board(frame.uid, frame.title, frame.description, sections, variables)


def _overview(now: Board, table: tuple[CompanyRow, ...]) -> Iterator[Board]:
    """The rows below the first section; very many rows are continued in further dashboards."""
    for number, sections in enumerate(pages(table), 1):
        if number == 1:
            yield replace(now, sections=(*now.sections, *sections))
        else:
            yield Board(f"{now.uid}-{number}", f"{now.title}, page {number}", now.description, sections)


def _variable(choice: Choice, table: tuple[CompanyRow, ...], company: Company) -> Variable:
    jobs = [row.job for row in table if (row.signal.of, row.signal.name) == (choice.of, choice.signal)]
    jobs += [part.job for part in company.parts if choice.signal and part.kind == choice.of]
    default = jobs[0] if jobs else choice.default
    return Variable(choice.name, choice.label, choice.metric, default, choice.selector)
