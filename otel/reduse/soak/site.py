"""Where a soak runs: a stack of its own, whose connections, disks and clocks can be disturbed."""

import json
import os
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reduse.errors import SettingError, StackError
from reduse.processes import reading
from reduse.settings.stack import PREFIX, Settings, load_settings, settings_of
from reduse.soak import clocks, disks
from reduse.soak.clocks import Clock
from reduse.soak.disks import Disk
from reduse.soak.links import HERE, Links, Way
from reduse.stack import ports
from reduse.stack.installation import Installation
from reduse.stack.leftovers import PART
from reduse.stack.supervision import Supervisor
from reduse.yaml_text import read_yaml, write_yaml

START_SECONDS = 900
COMMAND_SECONDS = 180

SERVICES_TO_AGENT = "services-agent"
AGENT_TO_GATEWAY = "agent-gateway"
AGENT_TO_PROCESSOR = "agent-processor"
GATEWAY_TO_PROMETHEUS = "gateway-prometheus"
WAYS = (SERVICES_TO_AGENT, AGENT_TO_GATEWAY, AGENT_TO_PROCESSOR, GATEWAY_TO_PROMETHEUS)

# Of each of the agent's two queues: full after about a minute, so that a soak sees it.
QUEUE_BYTES = 2 * disks.MIB
# By the folder of the state; sparse files.
DISKS = {"processor": 1024, "agent-queue": 256, "prometheus": 8192, "log": 768}
# Below the range from which the kernel serves outgoing connections.
PORTS = range(15_000, 32_000)


@dataclass(frozen=True)
class Site:
    """A folder of its own with a stack that runs in it. `environment`: of commands that speak of this stack."""

    folder: Path
    installation: Installation
    environment: Mapping[str, str]
    links: Links
    disks: Mapping[str, Disk]
    clocks: Mapping[str, Clock]

    @property
    def settings(self) -> Settings:
        return self.installation.settings

    @property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.settings)

    @property
    def services(self) -> tuple[str, ...]:
        return tuple(service.name for service in self.installation.processes.services)

    def reduse(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run the command line to its end."""
        return subprocess.run(
            [sys.executable, "-m", "reduse.cli", *arguments],
            env=dict(self.environment),
            cwd=self.settings.root,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def up(self) -> None:
        """Start the stack, without its load. Raises StackError when it does not start."""
        finished = self.reduse("up", "--no-load", "--detach", seconds=START_SECONDS)
        if finished.returncode != 0:
            raise StackError(f"the stack of the soak did not start:\n{finished.stdout}{finished.stderr}")


@contextmanager
def opened(folder: Path, collector: Path, environment: Mapping[str, str] = os.environ) -> Iterator[Site]:
    """The site of this folder, made where there is none yet; its stack is stopped when the block ends.

    `collector`: the program that agent and gateway are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    company = load_settings(environment)
    numbers = _ports(folder / "ports.json", company, environment)
    ways = [Way(name, numbers[name], _target(name, numbers)) for name in WAYS]
    made = {name: Clock(folder / f"clock-{name}") for name in _services(company)} if clocks.can_be_set() else {}
    state = folder / "state"
    own = {
        **environment,
        **{name: str(port) for name, port in numbers.items() if name.startswith(PREFIX)},
        f"{PREFIX}STATE_DIR": str(state),
        f"{PREFIX}CACHE_DIR": str(company.cache),
        f"{PREFIX}WATCH": str(_company(folder / "company", company, numbers, made)),
        f"{PREFIX}OTELCOL": str(_collector(folder / "otelcol", collector, numbers)),
        f"{PREFIX}QUEUE_BYTES": str(QUEUE_BYTES),
    }
    state.mkdir(exist_ok=True)
    settings = settings_of(own)
    small = _disks(settings, folder) if disks.can_be_made() else {}
    with ExitStack() as ending:
        for disk in small.values():
            disk.mount()
            ending.callback(disk.unmount)
        links = ending.enter_context(Links(ways))
        site = Site(folder, Installation.of(settings, own), own, links, small, made)
        ending.callback(site.supervisor.stop)
        yield site


def _ports(file: Path, company: Settings, environment: Mapping[str, str]) -> dict[str, int]:
    """A free port for each setting and each way; those of an earlier piece where they are known."""
    chosen: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    for name in (*Installation.of(company, environment).ports(), *WAYS):
        if name in chosen:
            continue
        while (port := secrets.choice(PORTS)) in chosen.values() or ports.refusal(port) is not None:
            pass
        chosen[name] = port
    file.write_text(json.dumps(chosen, indent=1))
    return chosen


def _target(way: str, numbers: Mapping[str, int]) -> int:
    part = {
        SERVICES_TO_AGENT: "AGENT_HTTP",
        AGENT_TO_GATEWAY: "GATEWAY",
        AGENT_TO_PROCESSOR: "PROCESSOR",
        GATEWAY_TO_PROMETHEUS: "PROMETHEUS",
    }[way]
    return numbers[f"{PREFIX}{part}_PORT"]


def _services(company: Settings) -> Sequence[str]:
    processes = reading.beside(company.watch_file)
    if not processes.services or processes.load is None:
        raise SettingError(
            f"{company.watch_file} has no services and load beside it that the stack starts: unset REDUSE_WATCH."
        )
    return [service.name for service in processes.services]


def _company(folder: Path, company: Settings, numbers: Mapping[str, int], made: Mapping[str, Clock]) -> Path:
    """The company as it is, but for where its services and the agent connect to, and the clocks of its services."""
    folder.mkdir(exist_ok=True)
    original = company.watch_file.parent
    for link in filter(Path.is_symlink, folder.iterdir()):
        # An earlier piece may have been run from another checkout.
        link.unlink()
    for file in original.iterdir():
        if file.name != reading.NAME:
            (folder / file.name).symlink_to(file)
    document: dict[str, Any] = read_yaml((original / reading.NAME).read_text(encoding="utf-8"))
    for service in document["services"]:
        service["python_path"] = [os.path.normpath(original / path) for path in service.get("python_path", ())]
        service["environment"] = {
            **service.get("environment", {}),
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{HERE}:{numbers[SERVICES_TO_AGENT]}",
            **(made[service["name"]].variables if service["name"] in made else {}),
        }
    document["agent_environment"] = {
        **document.get("agent_environment", {}),
        "REDUSE_GATEWAY_ENDPOINT": f"{HERE}:{numbers[AGENT_TO_GATEWAY]}",
        "REDUSE_PROCESSOR_ENDPOINT": f"{HERE}:{numbers[AGENT_TO_PROCESSOR]}",
    }
    (folder / reading.NAME).write_text(write_yaml(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return folder / company.watch_file.name


def _collector(script: Path, collector: Path, numbers: Mapping[str, int]) -> Path:
    """A program that is the collector, but for where the gateway writes to."""
    script.write_text(
        "#!/bin/sh\n"
        f'[ "${PART}" != gateway ] || export REDUSE_PROMETHEUS_URL=http://{HERE}:{numbers[GATEWAY_TO_PROMETHEUS]}\n'
        f'exec {shlex.quote(str(collector))} "$@"\n'
    )
    script.chmod(0o755)
    return script


def _disks(settings: Settings, folder: Path) -> dict[str, Disk]:
    places = {name: settings.data_dir / name for name in DISKS} | {"log": settings.log_dir}
    return {name: Disk(name, places[name], folder / "disks" / f"{name}.img", size) for name, size in DISKS.items()}
