"""What a drill changes of the store's rules and of Alertmanager while it runs, and puts back."""

import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from reduse.settings.stack import Settings
from reduse.stack import alertmanager
from reduse.stack.drill.shortened import shortened
from reduse.stack.store.chosen import running
from reduse.stack.supervision import Supervisor
from reduse.yaml_text import read_yaml, write_yaml

RECEIVER = "drill"


@contextmanager
def rehearsal(settings: Settings, supervisor: Supervisor, url: str, speed: float) -> Iterator[None]:
    """Until the block ends Alertmanager tells `url` too, at once, and the rules' windows are `speed` times as short."""
    store = running(settings)
    configuration = alertmanager.path(settings)
    kept = {path: path.read_text(encoding="utf-8") for path in (configuration, *sorted(store.rules.glob("*.yaml")))}
    readers = {"alertmanager", store.evaluates}
    try:
        configuration.write_text(_told_too(kept[configuration], url), encoding="utf-8")
        store.write_rules(lambda text: shortened(text, speed))
        _reload(supervisor, readers)
        yield
    finally:
        for path, text in kept.items():
            path.write_text(text, encoding="utf-8")
        _reload(supervisor, readers)


def _told_too(configuration: str, url: str) -> str:
    document: dict[str, Any] = read_yaml(configuration)
    document["receivers"].append({"name": RECEIVER, "webhook_configs": [{"url": url, "send_resolved": True}]})
    route = {"receiver": RECEIVER, "continue": True, "group_by": ["..."], "group_wait": "1s", "group_interval": "2s"}
    document["route"]["routes"] = [route, *document["route"].get("routes", [])]
    return write_yaml(document, sort_keys=False)


def _reload(supervisor: Supervisor, readers: Collection[str]) -> None:
    """These processes read their files again when they get SIGHUP."""
    for process in supervisor.processes():
        if process["name"] in readers and process["pid"]:
            psutil.Process(process["pid"]).send_signal(signal.SIGHUP)
