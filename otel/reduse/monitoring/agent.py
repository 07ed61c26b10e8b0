"""The databases, brokers and containers that the agent scrapes for a company: configuration that is merged over
`agent.yaml`."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from reduse.monitoring import collector
from reduse.monitoring.collector import component, duration, value
from reduse.monitoring.origin import Origin
from reduse.watch.company import Company
from reduse.watch.service import Service
from reduse.watch.stores import Broker, Database, Tls

# A scrape ends before the next one starts, and soon enough for the agent to stop in time.
PART_OF_THE_INTERVAL = 0.8
LONGEST_SCRAPE_SECONDS = 10.0

DEAD_LETTER_QUEUES = r"(?i)(^|[-._:/])(dlq|dead[-._]?letters?)$"
"""The default pattern of the receiver (collector/receivers/rabbitmq/config.go), which other patterns would replace."""

CONTAINERS = "transform/services_of_containers"
"""The processor that gives containers the names of services; in `agent-docker.yaml` it has no statements."""

Files = Callable[[str], str]
"""Maps a path in the company's file to the path that the collector reads."""

Configuration = Mapping[str, Any]


def document(company: Company, origin: Origin, files: Files = collector.file) -> str:
    """The file `agent.yaml` of a company, as text. `files`: where files of secrets and certificates are."""
    return origin.comment() + collector.text(configuration(company, files))


def configuration(company: Company, files: Files = collector.file) -> Configuration:
    """The same as data; empty if the company has only services that send their own metrics."""
    databases = {component("postgresql", each.name): _database(each, files) for each in company.databases}
    brokers = {component("rabbitmq", each.name): _broker(each, files) for each in company.brokers}
    contained = [service for service in company.services if service.container]
    pipelines = {
        **_pipeline("metrics/databases", databases),
        **_pipeline("metrics/brokers", brokers),
    }
    return {
        **_unless_empty("receivers", {**databases, **brokers}),
        **_unless_empty("processors", {CONTAINERS: _containers(contained)} if contained else {}),
        **_unless_empty("service", {"pipelines": pipelines} if pipelines else {}),
    }


def files_of(company: Company) -> tuple[str, ...]:
    """All files that the agent reads for a company, as its file names them: passwords, certificates, keys."""
    found: dict[str, None] = {}

    def note(path: str) -> str:
        found[path] = None
        return path

    configuration(company, note)
    return tuple(found)


def _unless_empty(key: str, content: Configuration) -> Configuration:
    return {key: content} if content else {}


def _pipeline(name: str, receivers: Iterable[str]) -> Configuration:
    ids = list(receivers)
    if not ids:
        return {}
    return {name: {"receivers": ids, "processors": ["memory_limiter"], "exporters": ["fallback/gateway"]}}


def _database(database: Database, files: Files) -> Configuration:
    return {
        "service": value(database.job),
        "endpoint": value(database.endpoint),
        "username": value(database.username),
        "password_file": files(database.password_file),
        **_unless_none("databases", [value(name) for name in database.databases]),
        **_times(database.interval),
        "tls": {"insecure": True} if database.tls is None else _tls(database.tls, files),
    }


def _broker(broker: Broker, files: Files) -> Configuration:
    dead_letters = [DEAD_LETTER_QUEUES, *broker.dead_letter_queues] if broker.dead_letter_queues else []
    return {
        "service": value(broker.job),
        "endpoint": value(broker.management_url),
        "username": value(broker.username),
        "password_file": files(broker.password_file),
        **_unless_none("vhosts", [value(name) for name in broker.vhosts]),
        **_unless_none("dead_letter_queues", [value(pattern) for pattern in dead_letters]),
        **_unless_none("retry_queues", [value(pattern) for pattern in broker.retry_queues]),
        **_unless_none("consumerless_queues", [value(pattern) for pattern in broker.queues_without_consumer]),
        **_times(broker.interval),
        **({} if broker.tls is None else {"tls": _tls(broker.tls, files)}),
    }


def _unless_none(key: str, texts: list[str]) -> Configuration:
    return {key: texts} if texts else {}


def _times(interval: float) -> Configuration:
    return {
        "collection_interval": duration(interval),
        "timeout": duration(min(interval * PART_OF_THE_INTERVAL, LONGEST_SCRAPE_SECONDS)),
        "initial_delay": "0s",
    }


def _tls(tls: Tls, files: Files) -> Configuration:
    named = {"ca_file": tls.ca_file, "cert_file": tls.cert_file, "key_file": tls.key_file}
    return {
        "insecure": False,
        **{key: files(path) for key, path in named.items() if path},
        **({"server_name_override": value(tls.server_name)} if tls.server_name else {}),
    }


def _containers(services: Iterable[Service]) -> Configuration:
    """Gives containers the names of these services, found by the name of the container or of its compose service."""
    seen = 'resource.attributes["container.service"]'
    # Kept apart from service.name, which the statements change one after the other.
    statements = [f'set({seen}, resource.attributes["service.name"]) where resource.attributes["service.name"] != nil']
    for service in services:
        container = _quoted(service.container or "")
        where = f'where {seen} == {container} or resource.attributes["container.name"] == {container}'
        statements.append(f'set(resource.attributes["service.name"], {_quoted(service.name)}) {where}')
        if service.namespace:
            statements.append(f'set(resource.attributes["service.namespace"], {_quoted(service.namespace)}) {where}')
    return {
        "error_mode": "propagate",
        "metric_statements": [{"context": "resource", "statements": statements}],
    }


def _quoted(text: str) -> str:
    """A string of the transformation language, which quotes as Go does."""
    return value(json.dumps(text, ensure_ascii=False))
