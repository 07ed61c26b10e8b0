"""Which store the stack runs."""

from collections.abc import Mapping

from reduse.operation.access import Kind, kind, own_store
from reduse.settings.stack import Settings
from reduse.stack.store.interface import Store
from reduse.stack.store.prometheus import Prometheus
from reduse.stack.store.victoriametrics import VictoriaMetrics

STORES: Mapping[Kind, type[Store]] = {"prometheus": Prometheus, "victoriametrics": VictoriaMetrics}


def chosen(settings: Settings) -> Store:
    """The one that REDUSE_STORE asks for."""
    return STORES[kind(settings)](settings)


def running(settings: Settings) -> Store:
    """The one that was started last, whatever REDUSE_STORE says now."""
    return STORES[own_store(settings).kind](settings)
