"""Converts dashboards to Grafana's JSON, with the builders of Grafana's SDK."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from grafana_foundation_sdk.builders import bargauge, common, dashboard, heatmap, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from reduse.monitoring import runbooks
from reduse.monitoring.dashboards.definition import Board, Kind, Panel, Query, Section, Variable
from reduse.monitoring.origin import Origin

DATA_SOURCE = models.DataSourceRef(type_val="prometheus", uid="prometheus")
"""As provisioned in grafana/provisioning/datasources."""

TAG = "reduse"

# The cursor shows the same moment on all panels.
_CURSOR = models.DashboardCursorSync.CROSSHAIR
_STARTED = 'sum by (job) (target_info{telemetry_sdk_language!=""} unless on (job, instance) target_info offset 1m)'

# The builders have no common type.
_Builder = Any


def document(board: Board, origin: Origin) -> str:
    """The file of one dashboard, as text. JSON has no comments, so the description says that it is generated."""
    built = _dashboard(board, origin).build()
    for number, panel in enumerate(_with_those_within(built.panels or []), 1):
        panel.id_val = number
    return json.dumps(built, cls=JSONEncoder, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _with_those_within(panels: Iterable[_Builder]) -> Iterator[_Builder]:
    for panel in panels:
        yield panel
        yield from getattr(panel, "panels", None) or ()


def _dashboard(board: Board, origin: Origin) -> dashboard.Dashboard:
    builder = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(f"{board.description} {origin.told}")
        .tags([TAG])
        .readonly()
        .tooltip(_CURSOR)
        .refresh("5s")
        .time("now-15m", "now")
        .timezone("browser")
        .link(
            dashboard.DashboardLink("Dashboards").type(models.DashboardLinkType.DASHBOARDS).tags([TAG]).keep_time(True)
        )
        .annotation(_annotation("Alerts", 'ALERTS{alertstate="firing",severity!="none"}', "red"))
        .annotation(_annotation("Instances started", _STARTED, "blue"))
    )
    for variable in board.variables:
        builder.with_variable(_variable(variable))
    for section in board.sections:
        if section.folded:
            builder.with_row(_folded(section))
        else:
            builder.with_row(dashboard.Row(section.title))
            for panel in section.panels:
                builder.with_panel(_panel(panel))
    return builder


def _folded(section: Section) -> dashboard.Row:
    row = dashboard.Row(section.title).collapsed(True)
    for panel in section.panels:
        row.with_panel(_panel(panel))
    return row


def _annotation(name: str, expr: str, color: str) -> dashboard.AnnotationQuery:
    return dashboard.AnnotationQuery().name(name).datasource(DATA_SOURCE).enable(True).icon_color(color).expr(expr)


def _variable(variable: Variable) -> dashboard.QueryVariable:
    built = (
        dashboard.QueryVariable(variable.name)
        .datasource(DATA_SOURCE)
        .query(variable.query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )
    if not variable.default:
        return built
    return built.current(models.VariableOption(selected=True, text=variable.default, value=variable.default))


def _panel(panel: Panel) -> _Builder:
    builder = _BUILDERS[panel.kind]()
    builder = (
        builder.title(panel.title)
        .description(panel.description)
        .datasource(DATA_SOURCE)
        .unit(panel.unit)
        .height(panel.height)
        .span(panel.width)
        .links([_runbook(alert) for alert in panel.alerts])
    )
    if panel.kind is not Kind.HEATMAP:
        builder = builder.min(0).thresholds(_thresholds(panel))
        if panel.maximum is not None:
            builder = builder.max(panel.maximum)
    # If several match, Grafana uses the last one.
    for each in reversed(panel.colors):
        fixed = models.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": each.color})
        builder = builder.override_by_regexp(f"/{each.pattern}/", [fixed])
    for number, query in enumerate(panel.queries):
        builder = builder.with_target(_target(query, panel.kind, chr(ord("A") + number)))
    return builder


def _runbook(alert: str) -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink(f"Runbook: {alert}")
        .type(models.DashboardLinkType.LINK)
        .url(runbooks.address(alert))
        .target_blank(True)
    )


def _thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    steps = [models.Threshold(None, "green"), *(models.Threshold(each.value, each.color) for each in panel.thresholds)]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _target(query: Query, kind: Kind, reference: str) -> prometheus.Dataquery:
    target = prometheus.Dataquery().datasource(DATA_SOURCE).expr(query.expr).ref_id(reference)
    if query.legend:
        target = target.legend_format(query.legend)
    if kind is Kind.BARS:
        return target.instant()
    if kind is Kind.HEATMAP:
        return target.range().format(PromQueryFormat.HEATMAP)
    return target.range().exemplar(query.exemplars)


def _lines(stacked: bool = False) -> _Builder:
    mode = common_models.StackingMode.NORMAL if stacked else common_models.StackingMode.NONE
    return (
        timeseries.Panel()
        .fill_opacity(10)
        .show_points(common_models.VisibilityMode.NEVER)
        .stacking(common.StackingConfig().mode(mode).group("A"))
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED))
        .legend(
            common.VizLegendOptions()
            .display_mode(common_models.LegendDisplayMode.LIST)
            .placement(common_models.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_models.TooltipDisplayMode.MULTI)
            .sort(common_models.SortOrder.DESCENDING)
        )
    )


def _newest() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"])


_BUILDERS: dict[Kind, Callable[[], _Builder]] = {
    Kind.LINES: _lines,
    Kind.STACKED: lambda: _lines(stacked=True),
    Kind.NUMBER: lambda: stat.Panel().reduce_options(_newest()),
    Kind.BARS: lambda: (
        bargauge.Panel()
        .reduce_options(_newest())
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .display_mode(common_models.BarGaugeDisplayMode.BASIC)
    ),
    Kind.HEATMAP: lambda: heatmap.Panel().calculate(False),
}
