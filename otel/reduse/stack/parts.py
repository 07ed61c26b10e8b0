"""The parts of the stack as data: what runs, with which environment, in which order."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from reduse.settings.passthrough import DISTRO_SETTINGS, PROCESSOR_SETTINGS, given
from reduse.settings.stack import Settings
from reduse.stack import alertmanager, broker, databases, grafana, prometheus, security
from reduse.stack.credentials import PARTNER_KEYS

STORES = 1
PIPELINE = 2
SERVICES = 3
LOAD = 4


@dataclass(frozen=True)
class Part:
    """One process that the supervisor keeps."""

    name: str
    stage: int
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    directory: Path = Path("/")
    user: str | None = None
    stop_signal: str = "TERM"
    restarts: bool = True


def all_parts(settings: Settings, collector: Path, *, load: bool) -> list[Part]:
    """Every part, in the order in which they start."""
    parts = [
        *(
            Part(
                database.part,
                STORES,
                databases.command(database, settings),
                user=databases.system_user(),
                # SIGINT is PostgreSQL's fast shutdown: sessions are ended, nothing is lost.
                stop_signal="INT",
            )
            for database in databases.DATABASES
        ),
        # Run by the supervisor, or the broker would leave one behind as a daemon.
        Part(
            "broker-names",
            STORES,
            ["/usr/bin/epmd", "-address", "127.0.0.1", "-port", str(settings.broker_names_port)],
        ),
        Part(
            "rabbitmq",
            STORES,
            broker.command(),
            broker.environment(settings),
            directory=broker.directory(settings),
        ),
        Part("prometheus", PIPELINE, prometheus.command(settings), directory=prometheus.directory(settings)),
        Part("alertmanager", PIPELINE, alertmanager.command(settings)),
        gateway(settings, collector),
        processor(settings),
        agent(settings, collector),
        service("shop-api", settings.shop_api_port, settings, database_environment(databases.SHOP_DB, settings)),
        service("crm-api", settings.crm_api_port, settings, database_environment(databases.SHOP_DB, settings)),
        service(
            "mes-api",
            settings.mes_api_port,
            settings,
            {
                **database_environment(databases.MES_DB, settings),
                "REDUSE_USER_RESOLVERS": "authenticated,header:x-api-key",
            },
        ),
    ]
    if (program := grafana.program()) is not None:
        parts.append(grafana_part(settings, program))
    if load:
        parts.append(load_part(settings))
    return parts


def gateway(settings: Settings, collector: Path) -> Part:
    environment = {
        "REDUSE_GATEWAY_ENDPOINT": f"127.0.0.1:{settings.gateway_port}",
        "REDUSE_GATEWAY_HEALTH_ENDPOINT": f"127.0.0.1:{settings.gateway_health_port}",
        "REDUSE_GATEWAY_METRICS_PORT": str(settings.gateway_metrics_port),
        "REDUSE_PROMETHEUS_URL": security.prometheus_url(settings),
        "REDUSE_STORE": settings.store,
        "REDUSE_GATEWAY_OLDEST_SAMPLE": settings.gateway_oldest_sample,
        "REDUSE_GATEWAY_SERIES_LIMIT": str(settings.gateway_series_limit),
        "REDUSE_GATEWAY_SERVICES_LIMIT": str(settings.gateway_services_limit),
        "REDUSE_GATEWAY_STREAMS_LIMIT": str(settings.gateway_streams_limit),
        "REDUSE_ALERTMANAGER_URL": f"http://127.0.0.1:{settings.alertmanager_port}",
        **security.gateway_environment(settings),
    }
    command = collector_command(collector, settings, "gateway")
    return Part("gateway", PIPELINE, command, environment, directory=settings.state_dir)


def agent(settings: Settings, collector: Path) -> Part:
    environment = {
        "REDUSE_AGENT_ENDPOINT": f"127.0.0.1:{settings.agent_port}",
        "REDUSE_AGENT_HTTP_ENDPOINT": f"127.0.0.1:{settings.agent_http_port}",
        "REDUSE_AGENT_HEALTH_ENDPOINT": f"127.0.0.1:{settings.agent_health_port}",
        "REDUSE_AGENT_METRICS_PORT": str(settings.agent_metrics_port),
        "REDUSE_GATEWAY_ENDPOINT": f"127.0.0.1:{settings.gateway_port}",
        "REDUSE_PROCESSOR_ENDPOINT": f"127.0.0.1:{settings.processor_port}",
        "REDUSE_QUEUE_DIR": str(settings.in_state_folder(settings.data_dir / "agent-queue")),
        "REDUSE_SECRETS_DIR": str(settings.in_state_folder(settings.secrets_dir)),
        "REDUSE_WATCH_DIR": str(settings.root / "company"),
        "SHOP_DB_ENDPOINT": f"127.0.0.1:{settings.shop_db_port}",
        "MES_DB_ENDPOINT": f"127.0.0.1:{settings.mes_db_port}",
        "BROKER_MANAGEMENT_URL": f"http://127.0.0.1:{settings.broker_management_port}",
        **security.agent_environment(settings),
    }
    generated = settings.root / "company" / "generated" / "agent.yaml"
    command = [*collector_command(collector, settings, "agent"), f"--config={generated}"]
    return Part("agent", PIPELINE, command, environment, directory=settings.state_dir)


def collector_command(collector: Path, settings: Settings, name: str) -> list[str]:
    folder = settings.root / "collector-config"
    return [str(collector), *(f"--config={folder / file}" for file in security.collector_files(name, settings))]


def processor(settings: Settings) -> Part:
    environment = {
        **given(PROCESSOR_SETTINGS),
        "REDUSE_PROCESSOR_ENDPOINT": f"127.0.0.1:{settings.processor_port}",
        "REDUSE_PROCESSOR_HTTP_ENDPOINT": f"127.0.0.1:{settings.processor_http_port}",
        "REDUSE_PROCESSOR_GATEWAY": f"{security.scheme(settings)}://127.0.0.1:{settings.gateway_port}",
        "REDUSE_PROCESSOR_METRICS_PORT": str(settings.processor_metrics_port),
        "REDUSE_PROCESSOR_STATE_DIR": str(settings.data_dir / "processor"),
        **security.processor_environment(settings),
    }
    return Part("processor", PIPELINE, [sys.executable, "-m", "reduse.processor"], environment)


def service(name: str, port: int, settings: Settings, environment: dict[str, str]) -> Part:
    """One service of the reference company, put under watch by `opentelemetry-instrument` and nothing else."""
    package = name.replace("-", "_")
    programs = Path(sys.executable).parent
    return Part(
        name,
        SERVICES,
        [
            *[str(programs / "opentelemetry-instrument"), str(programs / "uvicorn"), f"{package}.app:app"],
            *["--host", "127.0.0.1", "--port", str(port), "--no-access-log"],
        ],
        {
            **given(DISTRO_SETTINGS),
            **environment,
            **broker_environment(package, settings),
            "DATABASE_USER": package,
            "DATABASE_PASSWORD_FILE": str(settings.secrets_dir / f"{environment['DATABASE_NAME']}_db_{package}"),
            "OTEL_SERVICE_NAME": name,
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"{security.scheme(settings)}://127.0.0.1:{settings.agent_port}",
            **security.service_environment(settings),
            "REDUSE_USER_HASH_KEY_FILE": str(settings.secrets_dir / "user_hash_key"),
            "PYTHONPATH": str(settings.root / "services"),
        },
        directory=settings.root,
    )


def database_environment(database: databases.Database, settings: Settings) -> dict[str, str]:
    return {
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": str(database.port(settings)),
        "DATABASE_NAME": database.name,
    }


def broker_environment(user: str, settings: Settings) -> dict[str, str]:
    return {
        "BROKER_HOST": "127.0.0.1",
        "BROKER_PORT": str(settings.broker_port),
        "BROKER_USER": user,
        "BROKER_PASSWORD_FILE": str(settings.secrets_dir / f"broker_{user}"),
    }


def grafana_part(settings: Settings, program: str) -> Part:
    home = Path(program).resolve().parents[1] / "share" / "grafana"
    return Part("grafana", PIPELINE, [program, "server", "--homepath", str(home)], grafana.environment(settings))


def load_part(settings: Settings) -> Part:
    """The demonstration load; it ends by itself."""
    return Part(
        "load",
        LOAD,
        [
            *[sys.executable, "-m", "locust", "--locustfile", str(settings.root / "company/load/locustfile.py")],
            *["--headless", "--only-summary", "--users", "20", "--spawn-rate", "20", "--stop-timeout", "10"],
            *["--run-time", f"{settings.load_minutes}m"],
        ],
        load_environment(settings) | {"LOAD_RATE": str(settings.load_rate)},
        directory=settings.root,
        restarts=False,
    )


def load_environment(settings: Settings) -> dict[str, str]:
    """What the locust users need to reach the company."""
    return {
        "LOAD_SHOP_URL": f"http://127.0.0.1:{settings.shop_api_port}",
        "LOAD_CRM_URL": f"http://127.0.0.1:{settings.crm_api_port}",
        "LOAD_MES_URL": f"http://127.0.0.1:{settings.mes_api_port}",
        "LOAD_PARTNER_KEYS_FILE": str(settings.secrets_dir / PARTNER_KEYS),
    }
