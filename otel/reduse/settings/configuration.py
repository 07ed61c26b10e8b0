"""What configuration files read of the environment: who reads a name, and its default, is asked of the files."""

import re
from collections.abc import Mapping
from pathlib import Path

from reduse.settings.setting import Setting

_ROOT = Path(__file__).resolve().parents[3]
_IN_A_COLLECTOR = re.compile(r"\$\{env:(REDUSE_[A-Z0-9_]+)(?::-([^}]*))?\}")
_IN_GRAFANA = re.compile(r"\$(REDUSE_[A-Z0-9_]+)()")
_IN_COMPOSE = re.compile(r"\$\{(REDUSE_[A-Z0-9_]+)(?::-([^}]*))?\}")
COLLECTORS = ("agent", "gateway")
OF_COMPANIES = ("REDUSE_AGENT_COMPANY", "REDUSE_SECRETS_DIR", "REDUSE_WATCH_DIR")
"""What the file of the agent reads that follows from a company's."""

# Without a type it is a text.
_HELP: Mapping[str, tuple[str, str]] = {
    "REDUSE_AGENT_COMPANY": (
        "path",
        "What its systemd unit starts the agent with for a company: `--config FILE`.",
    ),
    "REDUSE_AGENT_ENDPOINT": ("host:port", "Where the agent takes OTLP over gRPC."),
    "REDUSE_AGENT_HEALTH_ENDPOINT": ("host:port", "Where the agent says that it is up."),
    "REDUSE_AGENT_HTTP_ENDPOINT": ("host:port", "Where the agent takes OTLP over HTTP."),
    "REDUSE_AGENT_LAYER": ("text", "What is laid over the agent's file, such as `agent-kafka`; itself for nothing."),
    "REDUSE_AGENT_METRICS_PORT": ("whole number", "Port of the agent's own metrics."),
    "REDUSE_AGENT_USER_SHARDS": (
        "list",
        "Into how many shards the agent splits which service's users on the way to Kafka: `billing=8,eu/search=4`.",
    ),
    "REDUSE_ALERTMANAGER_URL": ("URL", "Whom the gateway tells of samples that are not stored."),
    "REDUSE_DASHBOARDS_DIR": ("path", "The folder of the dashboards."),
    "REDUSE_GATEWAY_ENDPOINT": ("host:port", "Where the gateway takes OTLP; where the agent sends it."),
    "REDUSE_GATEWAY_HEALTH_ENDPOINT": ("host:port", "Where the gateway says that it is up."),
    "REDUSE_GATEWAY_INSTANCE": ("text", "What tells one gateway from another."),
    "REDUSE_GATEWAY_LAYER": ("text", "What is laid over the gateway's file, such as `gateway-kafka`; likewise."),
    "REDUSE_GATEWAY_METRICS_PORT": ("whole number", "Port of the gateway's own metrics."),
    "REDUSE_HOST_NAME": ("text", "The machine's name, in the label `instance` of its own metrics."),
    "REDUSE_KAFKA_BROKERS": ("list", "host:port of Kafka's brokers, with commas."),
    "REDUSE_KAFKA_EXPORTS_TOPIC": ("text", "The topic of users' points."),
    "REDUSE_KAFKA_GROUP": ("text", "The consumer group of the workers; that of gateways ends in `-gateway`."),
    "REDUSE_KAFKA_METRICS_TOPIC": ("text", "The topic of derived metrics."),
    "REDUSE_KAFKA_PASSWORD_FILE": ("path", "The password with which a part logs in to Kafka."),
    "REDUSE_KAFKA_USER": ("text", "As whom a part logs in to Kafka."),
    "REDUSE_METRICS_HOST": ("text", "The address on which a collector's own metrics are."),
    "REDUSE_PROCESSOR_ENDPOINT": ("host:port", "Where the processor takes OTLP; where the agent sends users' points."),
    "REDUSE_PROMETHEUS_CREDENTIALS_FILE": ("path", "`user:password` for the store, in base64."),
    "REDUSE_PROMETHEUS_TARGETS": ("path", "The folder of what is scraped, below `prometheus`."),
    "REDUSE_PROMETHEUS_URL": ("URL", "Where the store is: the gateway writes there, Grafana reads there."),
    "REDUSE_QUEUE_BYTES": ("whole number", "How much the agent keeps on disk for each side while it is away."),
    "REDUSE_QUEUE_DIR": ("path", "The folder of the agent's queues."),
    "REDUSE_RENDERED": ("path", "The folder of what follows from the company's file, as `./reduse render` wrote it."),
    "REDUSE_RUNBOOK_URL": ("URL", "Address of the runbooks, for the alert that the gateway sends itself."),
    "REDUSE_SECRETS_DIR": ("path", "The folder of the passwords that the agent reads databases and brokers with."),
    "REDUSE_TLS_CA_FILE": ("path", "The authority that other parts are checked by."),
    "REDUSE_TLS_CERT_FILE": ("path", "A collector's certificate."),
    "REDUSE_TLS_KEY_FILE": ("path", "The key of that certificate."),
    "REDUSE_TOKEN_FILE": ("path", "The token that services have to show to the agent."),
    "REDUSE_WATCH_DIR": ("path", "The folder that relative paths in the company's file are below."),
}


def settings(root: Path = _ROOT) -> tuple[Setting, ...]:
    """Everything that the files of this checkout read, each name once for each of its readers."""
    found = [
        (name, collector, default)
        for collector in COLLECTORS
        for file in sorted((root / "collector-config").glob(f"{collector}*.yaml"))
        for name, default in _IN_A_COLLECTOR.findall(file.read_text(encoding="utf-8"))
    ]
    for file in sorted((root / "grafana" / "provisioning").rglob("*.yaml")):
        found += [(name, "Grafana", "") for name, _ in _IN_GRAFANA.findall(file.read_text(encoding="utf-8"))]
    composed = root / "docker-compose.yml"
    if composed.exists():
        found += [
            (name, "compose", default) for name, default in _IN_COMPOSE.findall(composed.read_text(encoding="utf-8"))
        ]
    found += [(name, "agent", "") for name in OF_COMPANIES]
    return tuple(Setting(name, (reader,), *_told(name, default)) for name, reader, default in found)


def _told(name: str, default: str) -> tuple[str, str | None, str]:
    kind, text = _HELP.get(name, ("text", ""))
    return kind, default or None, text
