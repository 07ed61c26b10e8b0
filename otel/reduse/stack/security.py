"""Security between the parts: what each is given of certificates, token and password when REDUSE_SECURITY is on."""

import base64
from pathlib import Path

import bcrypt

from reduse.operation.access import AUTHORITY, PASSWORD, STORE_USER
from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack.kafka import elsewhere

KAFKA_BROKER = "broker"
KAFKA_USERS = (KAFKA_BROKER, "agent", "gateway", "processor")
"""Who logs in to Kafka: the broker itself, also as the one who makes topics, and each part that uses it."""


def kafka_password(user: str) -> str:
    """The name of the file of this user's password."""
    return f"kafka_{user}"


KAFKA_PASSWORDS = tuple(map(kafka_password, KAFKA_USERS))


def prometheus_web(settings: Settings) -> dict[str, object]:
    """What is in Prometheus' `--web.config.file`."""
    password = secret_files.read(settings.secrets_dir, PASSWORD).encode()
    return {
        "tls_server_config": {
            "cert_file": str(settings.certificates_dir / "prometheus.crt"),
            "key_file": str(settings.certificates_dir / "prometheus.key"),
            "min_version": "TLS12",
        },
        "basic_auth_users": {STORE_USER: bcrypt.hashpw(password, bcrypt.gensalt()).decode()},
    }


def store_scrape(settings: Settings) -> dict[str, object]:
    """How the store scrapes itself."""
    return {
        "scheme": "https",
        "tls_config": {"ca_file": str(settings.certificates_dir / AUTHORITY)},
        "basic_auth": {
            "username": STORE_USER,
            "password_file": str(settings.secrets_dir / PASSWORD),
        },
    }


def store_secrets(settings: Settings) -> tuple[Path, ...]:
    """What whoever asks the store needs: its authority and the password."""
    return settings.certificates_dir / AUTHORITY, settings.secrets_dir / PASSWORD


def victoriametrics_flags(settings: Settings) -> list[str]:
    """With which VictoriaMetrics listens by TLS and asks for a password."""
    if not settings.security:
        return []
    return [
        "-tls",
        f"-tlsCertFile={settings.certificates_dir / 'prometheus.crt'}",
        f"-tlsKeyFile={settings.certificates_dir / 'prometheus.key'}",
        "-tlsMinVersion=TLS12",
        f"-httpAuth.username={STORE_USER}",
        f"-httpAuth.password=file://{settings.secrets_dir / PASSWORD}",
    ]


def write_store_credentials(settings: Settings) -> None:
    """User and password as the gateway sends them."""
    password = secret_files.read(settings.secrets_dir, PASSWORD)
    encoded = base64.b64encode(f"{STORE_USER}:{password}".encode()).decode()
    secret_files.write(settings.secrets_dir / "prometheus_credentials", encoded)


def kafka_client(settings: Settings) -> dict[str, str]:
    """How the stack itself reaches Kafka, as librdkafka takes it."""
    if settings.kafka_brokers:
        return elsewhere.client(settings)
    own = {"bootstrap.servers": kafka_brokers(settings)}
    if not settings.security:
        return own
    return own | {
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": str(settings.certificates_dir / AUTHORITY),
        "ssl.certificate.location": str(settings.certificates_dir / "kafka.crt"),
        "ssl.key.location": str(settings.certificates_dir / "kafka.key"),
        "sasl.mechanism": "PLAIN",
        "sasl.username": KAFKA_BROKER,
        "sasl.password": secret_files.read(settings.secrets_dir, kafka_password(KAFKA_BROKER)),
    }


def kafka_brokers(settings: Settings) -> str:
    """host:port of each broker, with commas."""
    return settings.kafka_brokers or f"127.0.0.1:{settings.kafka_port}"


def kafka_environment(user: str, settings: Settings, folder: Path) -> dict[str, str]:
    """How a part reaches Kafka; `folder` is that of the secrets as the part names it. Nothing without Kafka."""
    if not settings.kafka:
        return {}
    own = {
        "REDUSE_KAFKA_BROKERS": kafka_brokers(settings),
        "REDUSE_KAFKA_EXPORTS_TOPIC": settings.kafka_exports_topic,
        "REDUSE_KAFKA_METRICS_TOPIC": settings.kafka_metrics_topic,
        "REDUSE_KAFKA_GROUP": settings.kafka_group,
    }
    if settings.kafka_brokers:
        return own | elsewhere.environment(folder)
    if not settings.security:
        return own
    return own | {"REDUSE_KAFKA_USER": user, "REDUSE_KAFKA_PASSWORD_FILE": str(folder / kafka_password(user))}


def scheme(settings: Settings) -> str:
    """Of what the parts say to each other."""
    return "https" if settings.security else "http"


def collector_files(name: str, settings: Settings) -> list[str]:
    """The configuration files of the agent or the gateway, each laid over the ones before."""
    if settings.kafka_brokers:
        secured = elsewhere.layers(name)
    else:
        secured = [f"{name}-kafka-secure.yaml"] if settings.security else []
    kafka = [f"{name}-kafka.yaml", *secured]
    return [
        f"{name}.yaml",
        *([f"{name}-secure.yaml"] if settings.security else []),
        *(kafka if settings.kafka else []),
    ]


def agent_environment(settings: Settings) -> dict[str, str]:
    folder = settings.in_state_folder(settings.secrets_dir)
    token = {"REDUSE_TOKEN_FILE": str(folder / "agent_token")}
    return _collector_certificate("agent", settings) | token if settings.security else {}


def gateway_environment(settings: Settings) -> dict[str, str]:
    folder = settings.in_state_folder(settings.secrets_dir)
    file = {"REDUSE_PROMETHEUS_CREDENTIALS_FILE": str(folder / "prometheus_credentials")}
    return _collector_certificate("gateway", settings) | file if settings.security else {}


def processor_environment(settings: Settings) -> dict[str, str]:
    return _certificate("REDUSE_PROCESSOR_TLS_", "processor", settings.certificates_dir) if settings.security else {}


def service_environment(settings: Settings) -> dict[str, str]:
    if not settings.security:
        return {}
    return {
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(settings.certificates_dir / AUTHORITY),
        "REDUSE_TOKEN_FILE": str(settings.secrets_dir / "agent_token"),
    }


def grafana_environment(settings: Settings) -> dict[str, str]:
    # Read by Go in the place of the system's authorities.
    return {"SSL_CERT_FILE": str(settings.certificates_dir / AUTHORITY)} if settings.security else {}


def grafana_data_source(settings: Settings) -> dict[str, object]:
    """What its data source has beside the address. Grafana reads the file itself."""
    password = settings.secrets_dir / PASSWORD
    return {
        "basicAuth": True,
        "basicAuthUser": STORE_USER,
        "secureJsonData": {"basicAuthPassword": f"$__file{{{password}}}"},
    }


def _collector_certificate(part: str, settings: Settings) -> dict[str, str]:
    return _certificate("REDUSE_TLS_", part, settings.in_state_folder(settings.certificates_dir))


def _certificate(prefix: str, part: str, folder: Path) -> dict[str, str]:
    return {
        f"{prefix}CA_FILE": str(folder / AUTHORITY),
        f"{prefix}CERT_FILE": str(folder / f"{part}.crt"),
        f"{prefix}KEY_FILE": str(folder / f"{part}.key"),
    }
