"""An agent as a process, which can be killed and started again."""

import os
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.collector.configuration import AGENT, COMPANY
from tests.ports import free_port
from tests.process import Process

SECRETS = ("shop_db_monitoring", "mes_db_monitoring", "broker_monitoring")


def environment(folder: Path) -> dict[str, str]:
    """All that the files of agent and gateway read: free ports, and a queue and secrets below `folder`."""
    secrets = folder / "secrets"
    secrets.mkdir()
    for name in SECRETS:
        (secrets / name).write_text("secret0of0a0test", encoding="utf-8")
    addresses = (
        "REDUSE_AGENT_ENDPOINT",
        "REDUSE_AGENT_HTTP_ENDPOINT",
        "REDUSE_AGENT_HEALTH_ENDPOINT",
        "REDUSE_GATEWAY_ENDPOINT",
        "REDUSE_GATEWAY_HEALTH_ENDPOINT",
        "REDUSE_PROCESSOR_ENDPOINT",
        "SHOP_DB_ENDPOINT",
        "MES_DB_ENDPOINT",
    )
    return {
        "PATH": os.environ["PATH"],
        "REDUSE_QUEUE_DIR": str(folder / "queue"),
        "REDUSE_SECRETS_DIR": str(secrets),
        "REDUSE_AGENT_METRICS_PORT": str(free_port()),
        "REDUSE_GATEWAY_METRICS_PORT": str(free_port()),
        **{name: f"127.0.0.1:{free_port()}" for name in addresses},
    }


class Agent(Process):
    """The agent of the reference company, or with another company's file in the place of its own."""

    def __init__(self, otelcol: Path, folder: Path, variables: dict[str, str], company: Path = COMPANY) -> None:
        self.endpoint = variables["REDUSE_AGENT_ENDPOINT"]
        self.http_endpoint = variables["REDUSE_AGENT_HTTP_ENDPOINT"]
        command = [str(otelcol), "--config", str(AGENT), "--config", str(company)]
        super().__init__(command, folder / "agent.log", environment=variables)

    def start(self) -> None:
        """Start, and return when it is up."""
        super().start()
        self.wait_until(self._is_up)

    def _is_up(self) -> bool:
        try:
            with urlopen(f"http://{self.environment['REDUSE_AGENT_HEALTH_ENDPOINT']}/", timeout=1) as reply:
                return bool(reply.status == 200)
        except (URLError, OSError):
            return False
