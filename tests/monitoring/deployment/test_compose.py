"""What is laid over docker-compose.yml: Compose takes it, and it brings the company's files and nothing else."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reduse.monitoring import rendering
from reduse.monitoring.deployment import compose
from reduse.monitoring.rendering import Surroundings
from reduse.watch.company import Company
from reduse.yaml_text import read_yaml
from tests.deploy.composition import FILE, ROOT, command
from tests.monitoring.deployment.companies import ORIGIN, odd, services_only, with_policies

ADDRESSES = dict.fromkeys(
    ("prometheus", "collector-agent", "collector-gateway", "reduse-processor", "alertmanager"), "127.0.0.1:1"
)


@pytest.fixture
def rendered(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    company: Company = request.param
    for path, text in rendering.documents(company, ORIGIN, Surroundings(ROOT, addresses=ADDRESSES)).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def composed(rendered: Path, **variables: str) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("REDUSE_", "COMPOSE_"))}
    finished = subprocess.run(
        [*command(), "-f", FILE, "-f", rendered / compose.PATH, "config"],
        cwd=ROOT,
        env={**environment, "REDUSE_RENDERED": str(rendered), "REDUSE_WATCH_DIR": "/home/bakery", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    found: dict[str, Any] = read_yaml(finished.stdout)
    return found


def sources(service: dict[str, Any]) -> dict[str, str]:
    """What is mounted, by where."""
    found = {}
    for volume in service["volumes"]:
        source, target = (volume["source"], volume["target"]) if isinstance(volume, dict) else volume.split(":")[:2]
        found[target] = source
    return found


@pytest.mark.slow
@pytest.mark.parametrize("rendered", [odd(), services_only()], ids=["odd", "services"], indirect=True)
def test_compose_takes_the_overlay_and_every_file_of_it_was_rendered(rendered: Path) -> None:
    services = composed(rendered, ORDERS_HOST="orders", ARCHIVE_PORT="5432", REDUSE_SECRETS_DIR="/s")["services"]
    mounted = {
        "agent": ("/etc/reduse-company/agent.yaml", "deployed/agent.yaml"),
        "prometheus": ("/etc/prometheus/company/company.yaml", "rules/company.yaml"),
        "alertmanager": ("/etc/reduse-company/alertmanager.yml", "alertmanager.yml"),
        "grafana": ("/etc/reduse/dashboards", "grafana/dashboards"),
    }
    for name, (target, path) in mounted.items():
        source = sources(services[name])[target]
        assert source == str(rendered / path)
        assert Path(source).exists()


@pytest.mark.slow
@pytest.mark.parametrize("rendered", [odd()], indirect=True)
def test_secrets_and_variables_come_from_where_compose_runs(rendered: Path) -> None:
    found = composed(rendered, ORDERS_HOST="orders", ARCHIVE_PORT="5432", REDUSE_SECRETS_DIR="/s")
    agent = found["services"]["agent"]["environment"]
    assert {name: agent[name] for name in ("REDUSE_SECRETS_DIR", "ORDERS_HOST", "ARCHIVE_PORT")} == {
        "REDUSE_SECRETS_DIR": "/run/secrets",
        "ORDERS_HOST": "orders",
        "ARCHIVE_PORT": "5432",
    }
    files = sorted(secret["file"] for secret in found["secrets"].values())
    assert files == [
        "/etc/ssl/ca.crt",
        "/etc/stock %1/password",
        "/home/bakery/secrets/other",
        "/home/bakery/secrets/password",
        "/home/bakery/Пароль",
        "/s/rabbit",
    ]
    alertmanager = sources(found["services"]["alertmanager"])
    # As alertmanager.yml names them: a relative path is below the folder of that file.
    assert alertmanager["/etc/reduse-company/secrets/hook"] == "/home/bakery/secrets/hook"
    assert alertmanager["/etc/hook"] == "/etc/hook"


def test_the_overlay_names_no_part_of_the_reference_company() -> None:
    named = compose.overlay(services_only())["services"]
    assert named.keys() == {"agent", "alertmanager", "grafana", *compose.PROCESSORS}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rendered", "limits"),
    [(with_policies(), "100 % oven/price=60/minute,5/day@2"), (services_only(), "")],
    ids=["policies", "none"],
    indirect=["rendered"],
)
def test_the_processors_try_the_limits_of_the_companys_policies_and_none_of_the_reference_companys(
    rendered: Path, limits: str
) -> None:
    services = composed(rendered, REDUSE_SECRETS_DIR="/s", COMPOSE_PROFILES="kafka")["services"]
    for name in compose.PROCESSORS:
        assert services[name]["environment"]["REDUSE_PROCESSOR_POLICY_LIMITS"] == limits
        assert "REDUSE_PROCESSOR_METRICS_HOST" in services[name]["environment"]
