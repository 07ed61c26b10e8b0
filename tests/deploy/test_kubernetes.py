"""What deploy/kubernetes names is there, fits together, and is taken by the Kubernetes schema and by the collector."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from reduse.processor import host
from reduse.processor.settings import PREFIX, Settings
from reduse.settings.stack import load_settings
from reduse.stack import collector
from reduse.yaml_text import read_yaml_documents
from tests.deploy.manifests import (
    COMPANY_AGENT,
    FOLDER,
    KAFKA,
    PLAIN,
    WAYS,
    Applied,
    Object,
    Workload,
    company_objects,
    examples,
    kustomization,
)
from tests.deploy.merged import configuration, variables
from tests.deploy.patches import identity

KUBERNETES = "1.37"
# Of cert-manager; their schemas are not Kubernetes' own.
CUSTOM = {"Certificate", "Issuer"}
COLLECTORS = ("reduse-agent", "reduse-scraper", "reduse-gateway")
IMAGES = {
    "docker.io/library/busybox:1.37.0",
    "reduse-collector:0.1.0",
    "reduse-processor:0.1.0",
    "shop-api:0.1.0",
}
# Made by hand, as docs/deploy/kubernetes.md says, and kubernetes-kafka.md.
SECRETS_BY_HAND = {
    "reduse-agent-token": {"token"},
    "reduse-passwords": {"shop_db_monitoring", "mes_db_monitoring", "broker_monitoring"},
    "reduse-prometheus": {"credentials"},
    "reduse-service": {"ca.crt", "token", "user_hash_key"},
}
OF_KAFKA = {f"reduse-kafka-{part}": {"ca.crt", "password"} for part in ("agent", "worker", "gateway")}
GUIDE = FOLDER.parents[1] / "docs" / "deploy" / "kubernetes.md"

ways = pytest.mark.parametrize("applied", WAYS, ids=str)
collectors = pytest.mark.parametrize(
    ("applied", "name"), [(applied, name) for applied in WAYS for name in COLLECTORS], ids=str
)


def secrets(applied: Applied) -> dict[str, set[str]]:
    issued = {each["spec"]["secretName"]: {"ca.crt", "tls.crt", "tls.key"} for each in applied.of_kind("Certificate")}
    return SECRETS_BY_HAND | issued | (OF_KAFKA if applied is KAFKA else {})


def merged(workload: Workload) -> dict[str, Any]:
    return configuration(workload.sources, workload.files)


@pytest.mark.slow
@pytest.mark.parametrize(
    "each",
    [*PLAIN.objects, *KAFKA.objects, *company_objects(), *examples()],
    ids=lambda each: "-".join(identity(each)),
)
def test_kubernetes_takes_the_object(each: Object) -> None:
    if each["kind"] in CUSTOM:
        assert each["apiVersion"] == "cert-manager.io/v1"
        return
    kubernetes_validate.validate(each, KUBERNETES, strict=True)


@pytest.mark.slow
@ways
def test_kustomize_makes_the_same_objects(applied: Applied, tmp_path: Path) -> None:
    """As they are here to the last value, with ConfigMaps by names that follow from their content."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl to read the kustomization with")
    folder = tmp_path / "deploy" / "kubernetes"
    shutil.copytree(FOLDER, folder)
    shutil.copytree(FOLDER.parents[1] / "collector-config", tmp_path / "collector-config")
    if applied.component:
        # As the guide says.
        file = folder / "kustomization.yaml"
        line = f"components: [{applied.component.name}]"
        assert f"\n# {line}\n" in file.read_text()
        file.write_text(file.read_text().replace(f"# {line}", line))
    command = [kubectl, "kustomize", "--load-restrictor=LoadRestrictionsNone", str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    maps = [each for each in read_yaml_documents(made) if each["kind"] == "ConfigMap"]
    named = {each["metadata"]["name"]: re.sub("-[0-9a-z]{10}$", "", each["metadata"]["name"]) for each in maps}
    for name, plain in named.items():
        made = re.sub(rf"\b{name}\b", plain, made)
    others = [each for each in read_yaml_documents(made) if each["kind"] != "ConfigMap"]
    assert sorted(others, key=identity) == sorted(applied.objects, key=identity)
    contents = {named[each["metadata"]["name"]]: each["data"] for each in maps}
    files = {
        name: {key: path.read_text(encoding="utf-8") for key, path in paths.items()}
        for name, paths in applied.configuration_files.items()
        if name != COMPANY_AGENT
    }
    assert contents == files | applied.configuration_values


@ways
def test_every_selector_finds_its_pods(applied: Applied) -> None:
    labels = [workload.labels for workload in applied.workloads.values()]
    for pod in applied.pods():
        assert pod.object["spec"]["selector"]["matchLabels"].items() <= pod.labels.items()
        for spread in pod.pod.get("topologySpreadConstraints", []):
            assert spread["labelSelector"]["matchLabels"].items() <= pod.labels.items()
    for service in applied.of_kind("Service"):
        assert sum(service["spec"]["selector"].items() <= own.items() for own in labels) == 1, identity(service)
    for budget in applied.of_kind("PodDisruptionBudget"):
        assert sum(budget["spec"]["selector"]["matchLabels"].items() <= own.items() for own in labels) == 1


@ways
def test_every_volume_that_is_mounted_exists_and_every_one_that_exists_is_mounted(applied: Applied) -> None:
    for each in applied.pods():
        claims = [claim["metadata"]["name"] for claim in each.object["spec"].get("volumeClaimTemplates", [])]
        volumes = [volume["name"] for volume in each.pod.get("volumes", [])] + claims
        containers = each.pod.get("initContainers", []) + each.pod["containers"]
        mounted = {mount["name"] for container in containers for mount in container["volumeMounts"]}
        assert sorted(volumes) == sorted(mounted), each.name


@ways
def test_every_secret_and_configuration_that_is_mounted_is_made(applied: Applied) -> None:
    for each in applied.pods():
        for volume in each.mounts.values():
            if "configMap" in volume:
                assert volume["configMap"]["name"] in applied.configuration_files
            if "secret" in volume:
                assert volume["secret"]["secretName"] in secrets(applied)


@ways
def test_every_file_that_is_named_is_mounted(applied: Applied) -> None:
    """As a file of a configuration, or as a key of a Secret."""
    for each in applied.pods():
        named = [source for source in each.sources if not source.startswith("yaml:")]
        named += [value for value in each.environment.values() if re.match(r"/etc/", value)]
        for path in named:
            if path in each.mounts:
                continue
            folder, _, key = path.rpartition("/")
            volume = each.mounts[folder]
            keys = (
                applied.configuration_files[volume["configMap"]["name"]]
                if "configMap" in volume
                else secrets(applied)[volume["secret"]["secretName"]]
            )
            assert key in keys, (each.name, path)


@ways
def test_every_file_of_a_configuration_exists_and_is_used(applied: Applied) -> None:
    used = {path for each in applied.workloads.values() for path in each.files.values()}
    made = {path for files in applied.configuration_files.values() for path in files.values()}
    assert used == made
    assert [path.name for path in sorted(made) if not path.exists()] == []
    for name in COLLECTORS:
        workload = applied.workloads[name]
        assert {source for source in workload.sources if not source.startswith("yaml:")} == workload.files.keys()


def test_the_companys_configuration_is_in_its_configmap() -> None:
    [made] = [each["data"] for each in company_objects() if each["metadata"]["name"] == COMPANY_AGENT]
    files = PLAIN.configuration_files[COMPANY_AGENT]
    assert made == {key: path.read_text(encoding="utf-8") for key, path in files.items()}


def test_the_guide_says_how_to_make_each_secret() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for name, keys in SECRETS_BY_HAND.items():
        (command,) = re.findall(rf"create secret generic {name}\b(.*?)(?:\n\n|\n```|\nkubectl)", text, re.DOTALL)
        assert set(re.findall(r"--from-(?:file|literal)=([\w.]+)", command)) == keys, name


@ways
def test_every_probe_asks_a_port_of_its_container(applied: Applied) -> None:
    for each in applied.workloads.values():
        probes = {name: probe for name, probe in each.container.items() if name.endswith("Probe")}
        assert {"readinessProbe", "livenessProbe"} <= probes.keys()
        assert {probe["httpGet"]["port"] for probe in probes.values()} <= each.ports.keys()


@collectors
def test_the_collector_runs_with_security(applied: Applied, name: str) -> None:
    workload = applied.workloads[name]
    files = [workload.files[source] for source in workload.sources if not source.startswith("yaml:")]
    assert files[1] == files[0].with_name(f"{files[0].stem}-secure.yaml")
    # Kafka is not ours: TLS by its own authority, and a password.
    of_kafka = [file.name for file in files if "-kafka" in file.name]
    layers = [f"-kafka{kind}.yaml" for kind in ("", "-tls", "-sasl")]
    assert of_kafka in ([], [f"{name.removeprefix('reduse-')}{layer}" for layer in layers])


@collectors
def test_the_collector_is_given_what_it_reads_and_nothing_else(applied: Applied, name: str) -> None:
    workload = applied.workloads[name]
    wanted = variables(merged(workload))
    assert workload.environment.keys() - wanted.keys() == set()
    assert {variable for variable, required in wanted.items() if required} - workload.environment.keys() == set()


@collectors
def test_what_the_collector_listens_on_is_open_to_other_pods(applied: Applied, name: str) -> None:
    """What keeps its default is of this machine only, and that would be the pod alone."""
    workload = applied.workloads[name]
    used = {
        receiver for pipeline in merged(workload)["service"]["pipelines"].values() for receiver in pipeline["receivers"]
    }
    listening = [merged(workload)["extensions"]["health_check"]["endpoint"]]
    if "otlp" in used:
        listening += [each["endpoint"] for each in merged(workload)["receivers"]["otlp"]["protocols"].values()]
    names = {variable for text in listening for variable in variables(text)} | {"REDUSE_METRICS_HOST"}
    assert {workload.environment[each].split(":")[0] for each in names} == {"0.0.0.0"}  # noqa: S104


@collectors
def test_the_ports_of_the_container_are_those_of_the_configuration(applied: Applied, name: str) -> None:
    workload = applied.workloads[name]
    given = {value.removeprefix("0.0.0.0:") for value in workload.environment.values() if value.startswith("0.0.0.0:")}
    reader = merged(workload)["service"]["telemetry"]["metrics"]["readers"][0]
    (metrics,) = re.findall(r":-(\d+)\}", reader["pull"]["exporter"]["prometheus"]["port"])
    assert {str(port) for port in workload.ports.values()} == {*given, metrics}


def test_the_processor_knows_every_setting_it_is_given() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert PLAIN.workloads["reduse-processor"].environment.keys() - known == {"NUMBA_CACHE_DIR"}


def test_there_is_one_processor() -> None:
    """Agents know it by its name, and its users have no other."""
    assert PLAIN.workloads["reduse-processor"].object["spec"]["replicas"] == 1


def test_node_and_scraper_together_do_what_the_agent_does() -> None:
    """Each pipeline is at one of them, as the agent's files have it, and those to the gateway at both.

    So databases and brokers are asked once.
    """
    node, scraper = (
        merged(PLAIN.workloads[name])["service"]["pipelines"] for name in ("reduse-agent", "reduse-scraper")
    )
    root = FOLDER.parents[1]
    files = {
        path.as_posix(): path for path in (root / "collector-config/agent.yaml", root / "company/generated/agent.yaml")
    }
    agent = configuration(list(files), files)
    assert node.keys() & scraper.keys() == {"metrics/live", "metrics/kept"}
    assert node | scraper == agent["service"]["pipelines"]
    asked = {receiver for pipeline in node.values() for receiver in pipeline["receivers"]}
    assert asked == {"otlp", "host_metrics", "fallback/gateway"}


@ways
def test_an_orderly_stop_is_not_cut(applied: Applied) -> None:
    for each in applied.workloads.values():
        grace = each.pod["terminationGracePeriodSeconds"]
        if each.name in COLLECTORS:
            exporters = merged(applied.workloads["reduse-agent"])["exporters"].values()
            assert grace > max(int(exporter["timeout"].removesuffix("s")) for exporter in exporters)
        else:
            assert grace > 2 * host.GRACE_SECONDS


@ways
def test_every_image_is_one_that_is_known_here_with_its_version(applied: Applied) -> None:
    images = {
        container["image"]
        for each in applied.pods()
        for container in [*each.pod.get("initContainers", []), each.container]
    }
    assert images == IMAGES
    with_ours = {name for name, each in applied.workloads.items() if each.container["image"].startswith("reduse-coll")}
    assert with_ours == set(COLLECTORS)
    assert {f"{each['name']}:{each['newTag']}" for each in kustomization(FOLDER)["images"]} <= images


@ways
def test_every_pod_keeps_to_the_restricted_standard_but_for_the_agents_folder(applied: Applied) -> None:
    for each in applied.pods():
        assert each.pod["securityContext"]["runAsNonRoot"] is True
        assert each.pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert each.pod["automountServiceAccountToken"] is False
        context = each.container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert each.container["resources"]["limits"]["memory"]
        on_the_node = [volume["name"] for volume in each.pod.get("volumes", []) if "hostPath" in volume]
        assert on_the_node == (["queue"] if each.name == "reduse-agent" else [])
        assert bool(each.pod.get("initContainers")) == (each.name == "reduse-agent")


@pytest.mark.server
@collectors
def test_the_collector_takes_the_configuration_that_its_pod_gets(applied: Applied, name: str, tmp_path: Path) -> None:
    workload = applied.workloads[name]
    binary = collector.find(load_settings())
    if binary is None:
        pytest.skip("not built: `./reduse collector`")
    here = {folder: tmp_path / folder.strip("/").replace("/", "-") for folder in workload.mounts}
    for folder, path in here.items():
        path.mkdir()
        for key in secrets(applied).get(workload.mounts[folder].get("secret", {}).get("secretName", ""), ()):
            (path / key).write_text("something\n")
    for file, original in workload.files.items():
        shutil.copy(original, here[file.rpartition("/")[0]])
    places = sorted(here, key=len, reverse=True)

    def placed(text: str) -> str:
        for place in places:
            if text == place or text.startswith(place + "/"):
                return f"{here[place]}{text.removeprefix(place)}"
        return text

    environment = {variable: placed(value) for variable, value in workload.environment.items()}
    command = [str(binary), "validate", *(f"--config={placed(source)}" for source in workload.sources)]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert finished.returncode == 0, finished.stderr
