"""Grafana: the dashboards of the company, and the password of the store where there is one."""

import shutil
from pathlib import Path

from reduse.settings.stack import Settings
from reduse.stack import rendered, security
from reduse.stack.store.chosen import chosen
from reduse.yaml_text import read_yaml, write_yaml


def program() -> str | None:
    """Grafana is used where it is installed: Debian does not carry it."""
    return shutil.which("grafana")


def provisioning(settings: Settings) -> Path:
    return settings.run_dir / "grafana" / "provisioning"


def write_configuration(settings: Settings) -> None:
    """Copy the provisioning, and tell the data source how to get in."""
    target = provisioning(settings)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(settings.root / "grafana" / "provisioning", target)
    if settings.security:
        for file in (target / "datasources").iterdir():
            document = read_yaml(file.read_text())
            for source in document["datasources"]:
                source.update(security.grafana_data_source(settings))
            file.write_text(write_yaml(document, sort_keys=False))


def environment(settings: Settings) -> dict[str, str]:
    return {
        "GF_SERVER_HTTP_ADDR": "127.0.0.1",
        "GF_SERVER_HTTP_PORT": str(settings.grafana_port),
        "GF_PATHS_DATA": str(settings.data_dir / "grafana"),
        "GF_PATHS_PROVISIONING": str(provisioning(settings)),
        "GF_SECURITY_ADMIN_PASSWORD__FILE": str(settings.secrets_dir / "grafana_admin"),
        "GF_AUTH_ANONYMOUS_ENABLED": "false",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "REDUSE_PROMETHEUS_URL": chosen(settings).url,
        "REDUSE_DASHBOARDS_DIR": str(rendered.of_the_stack(settings) / "grafana" / "dashboards"),
        **security.grafana_environment(settings),
    }
