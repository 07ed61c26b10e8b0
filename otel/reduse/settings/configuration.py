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
        "Option with which the systemd unit starts the agent for a company: `--config FILE`.",
    ),
    "REDUSE_AGENT_ENDPOINT": ("host:port", "Address on which the agent accepts OTLP over gRPC."),
    "REDUSE_AGENT_HEALTH_ENDPOINT": ("host:port", "Address of the agent's health check."),
    "REDUSE_AGENT_HTTP_ENDPOINT": ("host:port", "Address on which the agent accepts OTLP over HTTP."),
    "REDUSE_AGENT_LAYER": (
        "text",
        "Configuration that is merged over the agent's own, such as `agent-kafka`; `agent` for none.",
    ),
    "REDUSE_AGENT_METRICS_PORT": ("whole number", "Port of the agent's own metrics."),
    "REDUSE_AGENT_USER_SHARDS": (
        "list",
        (
            "Number of shards into which the agent splits the per-user data of a service for Kafka: "
            "`billing=8,eu/search=4`."
        ),
    ),
    "REDUSE_ALERTMANAGER_URL": (
        "URL",
        "URL of the Alertmanager that the gateway notifies when the store accepts nothing.",
    ),
    "REDUSE_DASHBOARDS_DIR": ("path", "Folder of the dashboards."),
    "REDUSE_GATEWAY_ENDPOINT": (
        "host:port",
        "Address on which the gateway accepts OTLP and to which the agent sends it.",
    ),
    "REDUSE_GATEWAY_HEALTH_ENDPOINT": ("host:port", "Address of the gateway's health check."),
    "REDUSE_GATEWAY_INSTANCE": ("text", "Name of the gateway; each of several gateways needs its own."),
    "REDUSE_GATEWAY_LAYER": (
        "text",
        "Configuration that is merged over the gateway's own, such as `gateway-kafka`; `gateway` for none.",
    ),
    "REDUSE_GATEWAY_METRICS_PORT": ("whole number", "Port of the gateway's own metrics."),
    "REDUSE_HOST_NAME": ("text", "Name of the machine, used as the label `instance` of its metrics."),
    "REDUSE_KAFKA_BROKERS": ("list", "host:port of the Kafka brokers, separated by commas."),
    "REDUSE_KAFKA_EXPORTS_TOPIC": ("text", "Topic of per-user data."),
    "REDUSE_KAFKA_GROUP": (
        "text",
        "Consumer group of the workers; the group of the gateways has the suffix `-gateway`.",
    ),
    "REDUSE_KAFKA_METRICS_TOPIC": ("text", "Topic of derived metrics."),
    "REDUSE_KAFKA_PASSWORD_FILE": ("path", "File with the password for Kafka."),
    "REDUSE_KAFKA_USER": ("text", "User for Kafka."),
    "REDUSE_METRICS_HOST": ("text", "Address of the collector's own metrics."),
    "REDUSE_PROCESSOR_ENDPOINT": (
        "host:port",
        "Address on which the processor accepts OTLP and to which the agent sends per-user data.",
    ),
    "REDUSE_PROMETHEUS_CREDENTIALS_FILE": ("path", "File with `user:password` for the store, in base64."),
    "REDUSE_PROMETHEUS_TARGETS": ("path", "Folder of the scrape targets, below `prometheus`."),
    "REDUSE_PROMETHEUS_URL": ("URL", "URL of the store, to which the gateway writes and from which Grafana reads."),
    "REDUSE_QUEUE_BYTES": ("whole number", "Maximum size in bytes of each of the agent's sending queues on disk."),
    "REDUSE_QUEUE_DIR": ("path", "Folder of the agent's queues."),
    "REDUSE_RENDERED": ("path", "Folder of the files that `./reduse render` generated."),
    "REDUSE_RUNBOOK_URL": ("URL", "Address of the runbooks, for the alert that the gateway sends itself."),
    "REDUSE_SECRETS_DIR": ("path", "Folder of the passwords for the databases and brokers that the agent reads."),
    "REDUSE_TLS_CA_FILE": ("path", "CA with which other parts are verified."),
    "REDUSE_TLS_CERT_FILE": ("path", "Certificate of the collector."),
    "REDUSE_TLS_KEY_FILE": ("path", "Key of that certificate."),
    "REDUSE_TOKEN_FILE": ("path", "File with the token that services must send to the agent."),
    "REDUSE_WATCH_DIR": ("path", "Folder to which relative paths in the company's file refer."),
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
