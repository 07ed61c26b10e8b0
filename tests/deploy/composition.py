"""docker-compose.yml as Compose understands it."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from reduse.yaml_text import read_yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
VICTORIAMETRICS = ROOT / "deploy" / "compose" / "victoriametrics.env"
KAFKA = ROOT / "deploy" / "compose" / "kafka.env"
# What each way of starting it adds to `docker compose`.
WAYS: dict[str, tuple[str, ...]] = {
    "default": (),
    "kafka": ("--env-file", str(KAFKA)),
    "load": ("--profile", "load"),
    "victoriametrics": ("--env-file", str(VICTORIAMETRICS)),
    "all": (
        "--env-file",
        str(KAFKA),
        *(word for name in ("load", "kafka", "victoriametrics") for word in ("--profile", name)),
    ),
}

Service = dict[str, Any]


def command() -> list[str]:
    """Compose as a plugin of the client, or Debian's own program."""
    if shutil.which("docker"):
        found = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if found.returncode == 0:
            return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    pytest.skip("no docker compose: `./reduse test` installs Debian's docker-compose")


@cache
def composed(way: str) -> dict[str, Any]:
    """What Compose makes of the file."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("REDUSE_", "COMPOSE_"))}
    finished = subprocess.run(
        [*command(), *WAYS[way], "config"], cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    found: dict[str, Any] = read_yaml(finished.stdout)
    return found


@cache
def written() -> dict[str, Any]:
    """The file itself, with what it takes over from elsewhere in it put in place."""
    found: dict[str, Any] = read_yaml(FILE.read_text(encoding="utf-8"))
    return found


def services() -> dict[str, Service]:
    found: dict[str, Service] = written()["services"]
    return found
