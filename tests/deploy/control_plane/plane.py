"""A real control plane without nodes: objects are admitted, controllers create pods, and no pod ever runs."""

import json
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from reduse.yaml_text import write_yaml
from tests.ports import free_port
from tests.process import Process

COMMAND_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What kubectl has printed; warnings of the API server are among the errors."""

    status: int
    output: str
    errors: str

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.errors.splitlines() if line.startswith("Warning: ")]


@dataclass(frozen=True)
class ControlPlane:
    """`kubeconfig` is an administrator's."""

    programs: Path
    kubeconfig: Path

    def kubectl(self, *arguments: str, given: str | None = None) -> Answer:
        """Run it to its end, with a text as its standard input."""
        finished = subprocess.run(
            [self.programs / "kubectl", f"--kubeconfig={self.kubeconfig}", *arguments],
            input=given,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        return Answer(finished.returncode, finished.stdout, finished.stderr)

    def apply(self, objects: Sequence[dict[str, Any]] | str) -> Answer:
        """Objects, or the text of a file of them."""
        text = objects if isinstance(objects, str) else yaml.safe_dump_all(objects)
        return self.kubectl("apply", "--filename=-", given=text)

    def get(self, kind: str, *arguments: str) -> list[dict[str, Any]]:
        answer = self.kubectl("get", kind, "--output=json", *arguments)
        assert answer.status == 0, answer.errors
        items: list[dict[str, Any]] = json.loads(answer.output)["items"]
        return items


@contextmanager
def control_plane(programs: Path, folder: Path) -> Iterator[ControlPlane]:
    """Its data and logs are in the folder, and it ends with the block."""
    token = secrets.token_hex(16)
    (folder / "tokens.csv").write_text(f"{token},administrator,administrator,system:masters\n")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    accounts = folder / "accounts.key"
    accounts.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    etcd, peer, port = f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}", free_port()
    kubeconfig = _kubeconfig(folder, port, token)
    plane = ControlPlane(programs, kubeconfig)
    store = _process(
        folder,
        programs / "etcd",
        *(f"--data-dir={folder / 'etcd'}", "--unsafe-no-fsync", f"--listen-client-urls={etcd}"),
        *(f"--advertise-client-urls={etcd}", f"--listen-peer-urls={peer}"),
        *(f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}"),
    )
    server = _process(
        folder,
        programs / "kube-apiserver",
        *(f"--etcd-servers={etcd}", f"--secure-port={port}", "--bind-address=127.0.0.1", f"--cert-dir={folder}"),
        *("--endpoint-reconciler-type=none", "--authorization-mode=RBAC", f"--token-auth-file={folder / 'tokens.csv'}"),
        *("--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={accounts}"),
        *(f"--service-account-signing-key-file={accounts}", "--service-cluster-ip-range=10.0.0.0/24"),
    )
    manager = _process(
        folder,
        programs / "kube-controller-manager",
        *(f"--kubeconfig={kubeconfig}", "--leader-elect=false", f"--service-account-private-key-file={accounts}"),
        *("--bind-address=127.0.0.1", f"--secure-port={free_port()}", f"--cert-dir={folder / 'manager'}"),
    )
    with store, server:
        server.wait_until(lambda: plane.kubectl("get", "--raw=/readyz").status == 0)
        with manager:
            yield plane


def _kubeconfig(folder: Path, port: int, token: str) -> Path:
    path = folder / "kubeconfig"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "plane",
                "cluster": {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True},
            }
        ],
        "users": [{"name": "administrator", "user": {"token": token}}],
        "contexts": [{"name": "plane", "context": {"cluster": "plane", "user": "administrator"}}],
        "current-context": "plane",
    }
    path.write_text(write_yaml(content))
    path.chmod(0o600)
    return path


def _process(folder: Path, program: Path, *arguments: str) -> Process:
    return Process([program, *arguments], folder / f"{program.name}.log")
