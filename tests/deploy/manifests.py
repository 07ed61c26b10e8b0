"""The objects of deploy/kubernetes, read as kustomize reads them: as they are, and with the component `kafka`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from reduse.monitoring.deployment import configuration
from reduse.yaml_text import read_yaml, read_yaml_documents
from tests.deploy.patches import patched

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
COMPONENT = FOLDER / "kafka"
COMPANY = Path(__file__).parents[2] / "company" / "generated" / "kubernetes"
"""What follows from the reference company, and is applied beside it."""
COMPANY_AGENT = "reduse-company-agent"
WORKLOADS = ("DaemonSet", "Deployment", "StatefulSet")

Object = dict[str, Any]


@dataclass(frozen=True)
class Workload:
    """What runs pods, among what is applied with it."""

    object: Object
    applied: Applied

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
        """What a variable gets from a field of the pod is given as the field's name.

        Without what is said by hand, in the ConfigMap of the company's variables.
        """
        maps = [each["configMapRef"] for each in self.container.get("envFrom", [])]
        found = {key: value for each in maps if not each.get("optional") for key, value in self._values(each).items()}
        return found | {each["name"]: self._value(each) for each in self.container["env"]}

    def _value(self, variable: Object) -> str:
        if "value" in variable:
            return str(variable["value"])
        source = variable["valueFrom"]
        if "fieldRef" in source:
            return str(source["fieldRef"]["fieldPath"])
        reference = source["configMapKeyRef"]
        return self._values(reference)[reference["key"]]

    def _values(self, reference: Object) -> dict[str, str]:
        return self.applied.configuration_values[reference["name"]]

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
            for name, path in self.applied.configuration_files[volume["configMap"]["name"]].items()
        }


@dataclass(frozen=True)
class Applied:
    """All that is applied at once."""

    name: str
    component: Path | None = None
    """What is laid over it."""

    @property
    def folders(self) -> list[Path]:
        return [FOLDER, *([self.component] if self.component else [])]

    @cached_property
    def objects(self) -> list[Object]:
        """Without the ConfigMaps that are made from files."""
        found: list[Object] = []
        for folder in self.folders:
            found += [each for name in kustomization(folder)["resources"] for each in documents(folder / name)]
            for patch in kustomization(folder).get("patches", []):
                texts = [read_yaml(patch["patch"])] if "patch" in patch else documents(folder / patch["path"])
                for text in texts:
                    found = patched(found, text)
        return found

    @cached_property
    def configuration_files(self) -> dict[str, dict[str, Path]]:
        """Of each ConfigMap that is mounted: where its files are, by key. The company's holds the same as its file."""
        made = {
            each["name"]: {Path(file).name: (folder / file).resolve() for file in each["files"]}
            for folder in self.folders
            for each in kustomization(folder)["configMapGenerator"]
            if "files" in each
        }
        return made | {COMPANY_AGENT: {"agent.yaml": COMPANY.parent / configuration.PATH}}

    @cached_property
    def configuration_values(self) -> dict[str, dict[str, str]]:
        """Of each ConfigMap whose values are variables: these."""
        return {
            each["name"]: _variables([folder / file for file in each["envs"]])
            for folder in self.folders
            for each in kustomization(folder)["configMapGenerator"]
            if "envs" in each
        }

    def of_kind(self, *kinds: str) -> list[Object]:
        return [each for each in self.objects if each["kind"] in kinds]

    @cached_property
    def workloads(self) -> dict[str, Workload]:
        found = [Workload(each, self) for each in self.of_kind(*WORKLOADS)]
        return {each.name: each for each in found}

    def pods(self) -> Iterator[Workload]:
        """All pods, the examples' too."""
        yield from self.workloads.values()
        yield from (Workload(each, self) for each in examples())

    def __str__(self) -> str:
        return self.name


PLAIN = Applied("plain")
KAFKA = Applied("kafka", COMPONENT)
WAYS = (PLAIN, KAFKA)


def examples() -> list[Object]:
    """Services under watch."""
    return [each for path in sorted((FOLDER / "example").glob("*.yaml")) for each in documents(path)]


def company_objects() -> list[Object]:
    return [each for path in sorted(COMPANY.glob("*.yaml")) for each in documents(path)]


@cache
def kustomization(folder: Path) -> Object:
    return documents(folder / "kustomization.yaml")[0]


@cache
def documents(path: Path) -> list[Object]:
    return [each for each in read_yaml_documents(path.read_text(encoding="utf-8")) if each is not None]


def _variables(files: list[Path]) -> dict[str, str]:
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
