"""A real API server with its admission takes what is applied, and its controllers create every pod of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reduse.yaml_text import read_yaml_documents
from tests.deploy.control_plane.plane import ControlPlane
from tests.deploy.manifests import FOLDER, KAFKA, WAYS, Applied, Object, company_objects, examples
from tests.deploy.test_another_company import objects as objects_of
from tests.monitoring.deployment.companies import odd
from tests.waiting import wait_until

pytestmark = [pytest.mark.extended, pytest.mark.server, pytest.mark.timeout(1200)]

NAMESPACE = "reduse"
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}}
# What a cluster with quotas asks of everybody: to say what a pod needs.
QUOTA = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "everything-is-said", "namespace": NAMESPACE},
    "spec": {"hard": {"requests.cpu": "100", "requests.memory": "100Gi", "limits.memory": "100Gi", "pods": "100"}},
}


def definition(group: str, version: str, kind: str) -> Object:
    """Of a kind that others bring: what is in it is theirs to check."""
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            # Groups of the project itself are protected.
            "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes/enhancements/pull/1111"},
        },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [
                {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}},
            ],
        },
    }


def kinds_of_others(objects: list[Object]) -> list[Object]:
    """Definitions of all kinds that Kubernetes itself does not have."""
    found = {
        (*each["apiVersion"].split("/"), each["kind"])
        for each in objects
        if "." in each["apiVersion"].split("/")[0] and not each["apiVersion"].split("/")[0].endswith(".k8s.io")
    }
    return [definition(*each) for each in sorted(found)]


def kustomized(plane: ControlPlane, applied: Applied, folder: Path) -> str:
    """As the guide has it made."""
    copied = folder / "deploy" / "kubernetes"
    shutil.copytree(FOLDER, copied)
    shutil.copytree(FOLDER.parents[1] / "collector-config", folder / "collector-config")
    if applied is KAFKA:
        file = copied / "kustomization.yaml"
        file.write_text(file.read_text().replace("# components:", "components:"))
    answer = plane.kubectl("kustomize", "--load-restrictor=LoadRestrictionsNone", str(copied))
    assert answer.status == 0, answer.errors
    return answer.output


@pytest.fixture(params=WAYS, ids=str)
def applied(request: pytest.FixtureRequest) -> Applied:
    found: Applied = request.param
    return found


@pytest.fixture
def cluster(plane: ControlPlane, applied: Applied, tmp_path: Path) -> Iterator[tuple[ControlPlane, list[str]]]:
    """With everything applied; and the warnings that came."""
    text = kustomized(plane, applied, tmp_path)
    everything = [*read_yaml_documents(text), *company_objects(), *examples()]
    definitions = kinds_of_others(everything)
    others = sorted({each["metadata"]["namespace"] for each in everything if "namespace" in each["metadata"]})
    prepared = [NODE, *definitions, *(namespace(name) for name in others if name != NAMESPACE)]
    answer = plane.apply(prepared)
    assert answer.status == 0, answer.errors
    for each in definitions:
        name = each["metadata"]["name"]
        waited = plane.kubectl("wait", "--for=condition=Established", f"crd/{name}", "--timeout=30s")
        assert waited.status == 0, waited.errors
    warnings = []
    for part in ((FOLDER / "namespace.yaml").read_text(), [QUOTA], text, company_objects(), examples()):
        answer = plane.apply(part)
        assert answer.status == 0, answer.errors
        warnings += answer.warnings
    yield plane, warnings
    for name in (NAMESPACE, *others):
        plane.kubectl("delete", "namespace", name, "--wait=true", "--timeout=60s", "--ignore-not-found")


def namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def test_everything_is_admitted_and_every_pod_is_created(
    cluster: tuple[ControlPlane, list[str]], applied: Applied
) -> None:
    """Without a warning, but the one about the agent's folder on the node that docs/deploy/kubernetes.md explains."""
    plane, warnings = cluster
    assert [each for each in warnings if "would violate PodSecurity" not in each] == []
    (about_the_agent,) = warnings
    assert "hostPath" in about_the_agent

    def created() -> bool:
        owners = [pod["metadata"]["labels"] for pod in plane.get("pods", f"--namespace={NAMESPACE}")]
        return all(
            any(workload.labels.items() <= labels.items() for labels in owners)
            for workload in applied.workloads.values()
        )

    wait_until(created, "a pod of each workload")
    refused = [
        f"{event['involvedObject']['name']}: {event['message']}"
        for event in plane.get("events", "--all-namespaces")
        if event["reason"] == "FailedCreate"
    ]
    assert refused == []


def test_another_company_is_admitted(plane: ControlPlane) -> None:
    """Without a warning."""
    objects = objects_of(odd())
    definitions = kinds_of_others(objects)
    names = sorted({each["metadata"]["namespace"] for each in objects if "namespace" in each["metadata"]})
    assert plane.apply([*definitions, *map(namespace, names)]).status == 0
    for each in definitions:
        plane.kubectl("wait", "--for=condition=Established", f"crd/{each['metadata']['name']}", "--timeout=30s")
    answer = plane.apply(objects)
    assert (answer.status, answer.warnings) == (0, []), answer.errors
    for name in names:
        plane.kubectl("delete", "namespace", name, "--wait=true", "--timeout=60s")
