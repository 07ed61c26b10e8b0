"""The parts of the stack as data: what runs, with which environment, in which order."""

import sys
from pathlib import Path

from reduse.settings.passthrough import PROCESSOR_SETTINGS, WORKER_SETTINGS, given, of_collector
from reduse.settings.stack import PREFIX, Settings
from reduse.stack import alertmanager, company_files, company_processes, compiled, console, grafana, security
from reduse.stack.installation import Installation
from reduse.stack.kafka import server
from reduse.stack.part import AGENT, GATEWAY, PROCESSOR, STORES, Part
from reduse.stack.store.chosen import chosen
from reduse.watch.policies import processor_settings

GATEWAY_LIMITS = (
    "gateway_oldest_sample",
    "gateway_series_limit",
    "gateway_services_limit",
    "gateway_streams_limit",
)


def all_parts(installation: Installation, collector: Path, *, load: bool) -> list[Part]:
    """Every part, in the order in which they start."""
    settings = installation.settings
    return [
        *company_processes.stores(installation),
        *chosen(settings).parts(),
        *([server.part(settings)] if settings.starts_kafka else []),
        Part(
            "alertmanager",
            STORES,
            alertmanager.command(settings),
            owns=(settings.data_dir / "alertmanager",),
            reads=(alertmanager.path(settings),),
        ),
        gateway(settings, collector),
        *(workers(settings) if settings.kafka else [processor(settings)]),
        agent(installation, collector),
        console.part(settings),
        *([grafana_part(settings, program)] if (program := grafana.program()) is not None else []),
        *company_processes.services(installation),
        *(company_processes.load(installation) if load else []),
    ]


def gateway(settings: Settings, collector: Path) -> Part:
    environment = {
        **given(of_collector("gateway")),
        "REDUSE_GATEWAY_ENDPOINT": f"127.0.0.1:{settings.gateway_port}",
        "REDUSE_GATEWAY_HEALTH_ENDPOINT": f"127.0.0.1:{settings.gateway_health_port}",
        "REDUSE_GATEWAY_METRICS_PORT": str(settings.gateway_metrics_port),
        "REDUSE_PROMETHEUS_URL": chosen(settings).url,
        "REDUSE_STORE": settings.store,
        **{
            PREFIX + name.upper(): str(value)
            for name in GATEWAY_LIMITS
            if (value := getattr(settings, name)) is not None
        },
        "REDUSE_ALERTMANAGER_URL": f"http://127.0.0.1:{settings.alertmanager_port}",
        "REDUSE_RUNBOOK_URL": settings.runbooks,
        **security.gateway_environment(settings),
        **security.kafka_environment("gateway", settings, settings.in_state_folder(settings.secrets_dir)),
    }
    command = collector_command(collector, settings, "gateway")
    return Part("gateway", GATEWAY, command, environment, directory=settings.state_dir)


def agent(installation: Installation, collector: Path) -> Part:
    settings = installation.settings
    environment = {
        **given(of_collector("agent")),
        "REDUSE_AGENT_ENDPOINT": f"127.0.0.1:{settings.agent_port}",
        "REDUSE_AGENT_HTTP_ENDPOINT": f"127.0.0.1:{settings.agent_http_port}",
        "REDUSE_AGENT_HEALTH_ENDPOINT": f"127.0.0.1:{settings.agent_health_port}",
        "REDUSE_AGENT_METRICS_PORT": str(settings.agent_metrics_port),
        "REDUSE_GATEWAY_ENDPOINT": f"127.0.0.1:{settings.gateway_port}",
        "REDUSE_PROCESSOR_ENDPOINT": f"127.0.0.1:{settings.processor_port}",
        "REDUSE_QUEUE_DIR": str(settings.in_state_folder(settings.data_dir / "agent-queue")),
        "REDUSE_SECRETS_DIR": str(settings.in_state_folder(settings.secrets_dir)),
        "REDUSE_WATCH_DIR": str(installation.folder),
        **security.agent_environment(settings),
        **security.kafka_environment("agent", settings, settings.in_state_folder(settings.secrets_dir)),
        **installation.environment(installation.processes.agent_environment),
    }
    environment |= company_files.variables(settings, environment)
    command = [
        *collector_command(collector, settings, "agent"),
        f"--config={settings.in_state_folder(company_files.of_the_agent(settings))}",
    ]
    return Part(
        "agent",
        AGENT,
        command,
        environment,
        directory=settings.state_dir,
        owns=(settings.data_dir / "agent-queue",),
        reads=company_files.secrets_of_the_agent(settings),
    )


def collector_command(collector: Path, settings: Settings, name: str) -> list[str]:
    folder = settings.root / "collector-config"
    return [str(collector), *(f"--config={folder / file}" for file in security.collector_files(name, settings))]


def processor(settings: Settings) -> Part:
    environment = {
        **processor_settings(company_files.company(settings)),
        **given(PROCESSOR_SETTINGS),
        "REDUSE_PROCESSOR_ENDPOINT": f"127.0.0.1:{settings.processor_port}",
        "REDUSE_PROCESSOR_HTTP_ENDPOINT": f"127.0.0.1:{settings.processor_http_port}",
        "REDUSE_PROCESSOR_GATEWAY": f"{security.scheme(settings)}://127.0.0.1:{settings.gateway_port}",
        "REDUSE_PROCESSOR_METRICS_PORT": str(settings.processor_metrics_port),
        "REDUSE_PROCESSOR_STATE_DIR": str(settings.data_dir / "processor"),
        "REDUSE_PROCESSOR_HISTORY_DIR": str(settings.data_dir / "processor" / "history"),
        **security.processor_environment(settings),
        **compiled.environment(settings, "processor"),
    }
    command = [sys.executable, "-m", "reduse.processor"]
    return Part("processor", PROCESSOR, command, environment, owns=(settings.data_dir / "processor",))


def workers(settings: Settings) -> list[Part]:
    """Processors with their streams in Kafka, in the place of the other one: the first has its name and its port."""
    return [
        worker(settings, name, settings.worker_port(number)) for number, name in enumerate(settings.processor_names, 1)
    ]


def worker(settings: Settings, name: str, metrics_port: int) -> Part:
    environment = {
        **processor_settings(company_files.company(settings)),
        **given(WORKER_SETTINGS),
        # Nothing is sent there, but its settings are those of the processor, checked together.
        "REDUSE_PROCESSOR_GATEWAY": f"{security.scheme(settings)}://127.0.0.1:{settings.gateway_port}",
        "REDUSE_PROCESSOR_METRICS_PORT": str(metrics_port),
        "REDUSE_PROCESSOR_HISTORY_DIR": str(settings.data_dir / name / "history"),
        **security.processor_environment(settings),
        **security.kafka_environment("processor", settings, settings.secrets_dir),
        **compiled.environment(settings, name),
    }
    command = [sys.executable, "-m", "reduse.processor.kafka"]
    return Part(name, PROCESSOR, command, environment, owns=(settings.data_dir / name,))


def grafana_part(settings: Settings, program: str) -> Part:
    home = Path(program).resolve().parents[1] / "share" / "grafana"
    return Part(
        "grafana",
        AGENT,
        [program, "server", "--homepath", str(home)],
        grafana.environment(settings),
        owns=(settings.data_dir / "grafana",),
        reads=security.store_secrets(settings) if settings.security else (),
    )
