"""The objects of deploy/kubernetes, read as kustomize reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from reduse.monitoring.deployment import configuration

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
COMPANY = Path(__file__).parents[2] / "company" / "generated" / "kubernetes"
"""What follows from the reference company, and is applied beside it."""
COMPANY_AGENT = "reduse-company-agent"
WORKLOADS = ("DaemonSet", "Deployment", "StatefulSet")

Object = dict[str, Any]


@dataclass(frozen=True)
class Workload:
    """What runs pods."""

    object: Object

    @property
    def name(self) -> str:
        return str(self.object["metadata"]["name"])

    @property
    def labels(self) -> dict[str, str]:
        labels: dict[str, str] = self.object["spec"]["template"]["metadata"]["labels"]
        return labels

    @property
    def pod(self) -> Object:
        pod: Object = self.object["spec"]["template"]["spec"]
        return pod

    @property
    def container(self) -> Object:
        """The one that works; others only prepare."""
        (container,) = self.pod["containers"]
        assert isinstance(container, dict)
        return container

    @property
    def environment(self) -> dict[str, str]:
        """What a variable gets from a field of the pod is given as the field's name."""
        return {
            each["name"]: each["value"] if "value" in each else each["valueFrom"]["fieldRef"]["fieldPath"]
            for each in self.container["env"]
        }

    @property
    def ports(self) -> dict[str, int]:
        return {port["name"]: port["containerPort"] for port in self.container["ports"]}

    @property
    def sources(self) -> list[str]:
        """The values of `--config`, in order."""
        return [each.removeprefix("--config=") for each in self.container.get("args", [])]

    @property
    def mounts(self) -> dict[str, Object]:
        """Volumes by the folder where they are mounted."""
        volumes = {volume["name"]: volume for volume in self.pod.get("volumes", [])}
        volumes |= {claim["metadata"]["name"]: {} for claim in self.object["spec"].get("volumeClaimTemplates", [])}
        return {mount["mountPath"]: volumes[mount["name"]] for mount in self.container["volumeMounts"]}

    @property
    def files(self) -> dict[str, Path]:
        """The collector's files, by the path at which the pod has them."""
        return {
            f"{folder}/{name}": path
            for folder, volume in self.mounts.items()
            if "configMap" in volume
            for name, path in configuration_files()[volume["configMap"]["name"]].items()
        }


def kustomization() -> Object:
    return _documents(FOLDER / "kustomization.yaml")[0]


def objects() -> list[Object]:
    """All that is applied, in order; without the ConfigMaps that are made from files."""
    return [each for name in kustomization()["resources"] for each in _documents(FOLDER / name)]


def examples() -> list[Object]:
    return [each for path in sorted((FOLDER / "example").glob("*.yaml")) for each in _documents(path)]


def company_objects() -> list[Object]:
    return [each for path in sorted(COMPANY.glob("*.yaml")) for each in _documents(path)]


def of_kind(*kinds: str) -> list[Object]:
    return [each for each in objects() if each["kind"] in kinds]


def workloads() -> dict[str, Workload]:
    found = map(Workload, of_kind(*WORKLOADS))
    return {each.name: each for each in found}


def configuration_files() -> dict[str, dict[str, Path]]:
    """Of each ConfigMap that is mounted: where its files are, by key. The company's holds the same as its file."""
    made = {
        each["name"]: {Path(file).name: (FOLDER / file).resolve() for file in each["files"]}
        for each in kustomization()["configMapGenerator"]
    }
    return made | {COMPANY_AGENT: {"agent.yaml": COMPANY.parent / configuration.PATH}}


def pods() -> Iterator[Workload]:
    """All pods, the examples' too."""
    yield from workloads().values()
    yield from map(Workload, examples())


@cache
def _documents(path: Path) -> list[Object]:
    return [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each is not None]
