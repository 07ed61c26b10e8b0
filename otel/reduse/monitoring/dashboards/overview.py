"""The twelve rows at a glance, in the order of the table."""

from reduse.monitoring.dashboards.definition import Board, Kind, Panel, Query, Section, Threshold
from reduse.monitoring.reference_rows import SIGNALS, Signal

ABOUT = {
    1: ("ErrorBudgetBurning",),
    2: ("LatencyBudgetBurning",),
    3: ("ErrorBudgetBurning",),
    4: ("LatencyBudgetBurning",),
    5: ("UserTakesUnfairShare", "LimitWouldRefuse"),
    6: ("ErrorBudgetBurning",),
    7: ("LatencyBudgetBurning",),
    8: ("CpuSaturated",),
    9: ("DatabaseConnectionsNearMaximum", "DatabaseConnectionsExhaustedSoon"),
    10: ("DatabaseConnectionsNearMaximum", "DatabaseConnectionsExhaustedSoon"),
    11: ("DeadLettersArriving",),
    12: ("QueueGrowing", "ConsumersGone"),
}
"""By the row's number: alerts beside SignalMissing, which every row has."""

# 100 % is one core.
_THRESHOLDS = {8: (Threshold(70, "orange"), Threshold(80, "red")), 11: (Threshold(1, "orange"),)}


def row_panel(signal: Signal) -> Panel:
    return Panel(
        title=f"{signal.number}. {signal.service}: {signal.title.en}",
        description=" ".join(filter(None, (signal.motivation.en, signal.panel.window))),
        queries=(Query(signal.value, signal.panel.legend),),
        unit=signal.panel.unit,
        kind=Kind.STACKED if signal.panel.stacked else Kind.LINES,
        thresholds=_THRESHOLDS.get(signal.number, ()),
        alerts=("SignalMissing", *ABOUT[signal.number]),
    )


_NOW = Section(
    "Now",
    (
        Panel(
            "Alerts that fire",
            "How many. The watchdog, which fires while all is well, is left out.",
            (Query('count(ALERTS{alertstate="firing",severity!="none"}) or vector(0)', "firing"),),
            "short",
            Kind.NUMBER,
            (Threshold(1, "red"),),
            alerts=("Watchdog",),
            width=12,
            height=4,
        ),
        Panel(
            "Oldest sample of a row",
            "Of each of the twelve rows the age of the newest raw sample; shown is the oldest of them.",
            (Query("max(row:sample_age:seconds)", "age"),),
            "s",
            Kind.NUMBER,
            (Threshold(10, "orange"), Threshold(20, "red")),
            alerts=("SignalMissing",),
            width=12,
            height=4,
        ),
    ),
)

OVERVIEW = Board(
    "reduse-overview",
    "Overview: the twelve signals",
    "RED of the three services, USE of MES, the queue and the databases, in the order of the table.",
    (_NOW, Section("The table", tuple(map(row_panel, SIGNALS)))),
)
