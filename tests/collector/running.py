"""An agent as a process, which can be killed and started again."""

import os
import subprocess
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.collector.configuration import AGENT, COMPANY
from tests.ports import free_port, wait_until

SECRETS = ("shop_db_monitoring", "mes_db_monitoring", "broker_monitoring")
START_SECONDS = 20.0
STOP_SECONDS = 20.0


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


class Agent:
    """The agent of the reference company, or with another company's file in the place of its own."""

    def __init__(self, otelcol: Path, folder: Path, variables: dict[str, str], company: Path = COMPANY) -> None:
        self.endpoint = variables["REDUSE_AGENT_ENDPOINT"]
        self.http_endpoint = variables["REDUSE_AGENT_HTTP_ENDPOINT"]
        self._command = [str(otelcol), "--config", str(AGENT), "--config", str(company)]
        self._log = folder / "agent.log"
        self._variables = variables
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return when it is up."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=self._variables, stdout=log, stderr=log)
        wait_until(self._is_up, START_SECONDS, "the start of the agent")

    def kill(self) -> None:
        """End it at once, as the kernel would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            self._process = None

    def stop(self) -> int:
        """Ask it to end, and wait; its exit status. Raises `TimeoutExpired` when it does not."""
        assert self._process is not None, "not started"
        self._process.terminate()
        status = self._process.wait(STOP_SECONDS)
        self._process = None
        return status

    def _is_up(self) -> bool:
        try:
            with urlopen(f"http://{self._variables['REDUSE_AGENT_HEALTH_ENDPOINT']}/", timeout=1) as reply:
                return bool(reply.status == 200)
        except (URLError, OSError):
            return False
