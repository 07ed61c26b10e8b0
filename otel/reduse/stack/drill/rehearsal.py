"""What a drill changes of Prometheus and Alertmanager while it runs, and puts back."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import yaml

from reduse.settings.stack import Settings
from reduse.stack import alertmanager, prometheus
from reduse.stack.drill.shortened import shortened
from reduse.stack.supervision import Supervisor

RECEIVER = "drill"


@contextmanager
def rehearsal(settings: Settings, supervisor: Supervisor, url: str, speed: float) -> Iterator[None]:
    """Until the block ends Alertmanager tells `url` too, at once, and the rules' windows are `speed` times as short."""
    rules = prometheus.directory(settings) / "rules"
    configuration = alertmanager.path(settings)
    kept = {path: path.read_text(encoding="utf-8") for path in (configuration, *sorted(rules.glob("*.yaml")))}
    try:
        configuration.write_text(_told_too(kept[configuration], url), encoding="utf-8")
        for path, text in kept.items():
            if path != configuration:
                path.write_text(shortened(text, speed), encoding="utf-8")
        _reload(supervisor)
        yield
    finally:
        for path, text in kept.items():
            path.write_text(text, encoding="utf-8")
        _reload(supervisor)


def _told_too(configuration: str, url: str) -> str:
    document: dict[str, Any] = yaml.safe_load(configuration)
    document["receivers"].append({"name": RECEIVER, "webhook_configs": [{"url": url, "send_resolved": True}]})
    route = {"receiver": RECEIVER, "continue": True, "group_by": ["..."], "group_wait": "1s", "group_interval": "2s"}
    document["route"]["routes"] = [route, *document["route"].get("routes", [])]
    return yaml.safe_dump(document, sort_keys=False)


def _reload(supervisor: Supervisor) -> None:
    """Both read their files again when they get SIGHUP."""
    for process in supervisor.processes():
        if process["name"] in {"prometheus", "alertmanager"} and process["pid"]:
            psutil.Process(process["pid"]).send_signal(signal.SIGHUP)
