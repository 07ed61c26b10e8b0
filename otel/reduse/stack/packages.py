"""The Debian packages that the native stack needs: which are missing, and their installation."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from reduse.errors import StackError
from reduse.stack import commands

POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")
RABBITMQ_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
PROMETHEUS = Path("/usr/bin/prometheus")
# Of the same package; so is that of the next.
PROMTOOL = Path("/usr/bin/promtool")
ALERTMANAGER = Path("/usr/bin/prometheus-alertmanager")
AMTOOL = Path("/usr/bin/amtool")
JAVA = Path("/usr/bin/java")
MAVEN = Path("/usr/bin/mvn")

# What each package brings, by the file that proves it is there.
PACKAGES: dict[str, Path] = {
    "postgresql-15": POSTGRES_BIN / "postgres",
    "rabbitmq-server": RABBITMQ_SERVER,
    "prometheus": PROMETHEUS,
    "prometheus-alertmanager": ALERTMANAGER,
}

# What Kafka needs, where it is asked for: what runs it, and what fetches its jars.
JAVA_PACKAGE = "openjdk-17-jre-headless"
MAVEN_PACKAGE = "maven"

# What the tests need beside: a browser that opens the report, what reads docker-compose.yml, a clock that can be set, a
# limiter whose answers are held against what was predicted, and what fails system calls as a disk does.
TEST_PACKAGES: dict[str, Path] = {
    "chromium": Path("/usr/bin/chromium"),
    "docker-compose": Path("/usr/bin/docker-compose"),
    "faketime": Path("/usr/bin/faketime"),
    "nginx": Path("/usr/sbin/nginx"),
    "strace": Path("/usr/bin/strace"),
}

# Debian asks this script before a package starts its service: a broker or a database of the
# machine's own would take the ports and is not what the stack runs.
POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_DENY = "#!/bin/sh\n# Written by reduse while it installs packages; removed right after.\nexit 101\n"


def missing(packages: Mapping[str, Path]) -> list[str]:
    """The packages that are not installed."""
    return [name for name, proof in packages.items() if not proof.exists()]


def first_lacking(*proofs: Path) -> Path:
    """Of the programs that prove a package: one that is not there, or the first."""
    return next((proof for proof in proofs if not proof.exists()), proofs[0])


def install(names: Sequence[str], log: Path) -> None:
    """Install packages without starting or enabling the services they bring; needs root or sudo."""
    if not names:
        return
    if shutil.which("apt-get") is None:
        raise StackError(
            f"this machine has no apt-get: install {', '.join(names)} manually, in the versions of Debian 12."
        )
    root = root_prefix()
    cure = f"Install manually: apt-get install {' '.join(names)}"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    ours = not POLICY.exists()
    if ours:
        commands.run(
            [*root, "sh", "-c", f"printf %s '{POLICY_DENY}' > {POLICY} && chmod 755 {POLICY}"],
            log=log,
            cure=cure,
        )
    try:
        commands.run([*root, "apt-get", "update", "-q"], log=log, cure=cure, environment=environment)
        commands.run(
            [*root, "apt-get", "install", "-q", "-y", "--no-install-recommends", *names],
            log=log,
            cure=cure,
            environment=environment,
        )
        services = [name.removesuffix("-15") for name in names if name in PACKAGES]
        if services and Path("/run/systemd/system").exists():
            commands.run([*root, "systemctl", "disable", "-q", *services], log=log, cure=cure)
    finally:
        if ours:
            # Not through commands.run: this must happen after Ctrl-C too.
            subprocess.run([*root, "rm", "-f", str(POLICY)], check=False)


def root_prefix() -> list[str]:
    """What to put before a command that needs root: nothing for root itself, else sudo."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        raise StackError("installing Debian packages needs root: run as root, or install sudo.")
    return ["sudo", "-n"]
