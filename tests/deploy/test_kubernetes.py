"""What deploy/kubernetes names is there, fits together, and is taken by the Kubernetes schema and by the collector."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from reduse.processor import host
from reduse.processor.settings import PREFIX, Settings
from reduse.settings.stack import load_settings
from reduse.stack import collector
from tests.deploy.manifests import (
    COMPANY_AGENT,
    FOLDER,
    WORKLOADS,
    Object,
    Workload,
    company_objects,
    configuration_files,
    examples,
    kustomization,
    objects,
    of_kind,
    pods,
    workloads,
)
from tests.deploy.merged import configuration, variables

KUBERNETES = "1.37"
# Of cert-manager; their schemas are not Kubernetes' own.
CUSTOM = {"Certificate", "Issuer"}
COLLECTORS = ("reduse-agent", "reduse-scraper", "reduse-balancer", "reduse-gateway")
IMAGES = {
    "docker.io/otel/opentelemetry-collector-contrib:0.160.0",
    "docker.io/library/busybox:1.37.0",
    "reduse-collector:0.1.0",
    "reduse-processor:0.1.0",
    "shop-api:0.1.0",
}
# Made by hand, as docs/deploy/kubernetes.md says.
SECRETS_BY_HAND = {
    "reduse-agent-token": {"token"},
    "reduse-passwords": {"shop_db_monitoring", "mes_db_monitoring", "broker_monitoring"},
    "reduse-prometheus": {"credentials"},
    "reduse-service": {"ca.crt", "token", "user_hash_key"},
}
GUIDE = FOLDER.parents[1] / "docs" / "deploy" / "kubernetes.md"


def secrets() -> dict[str, set[str]]:
    issued = {each["spec"]["secretName"]: {"ca.crt", "tls.crt", "tls.key"} for each in of_kind("Certificate")}
    return SECRETS_BY_HAND | issued


def merged(workload: Workload) -> dict[str, Any]:
    return configuration(workload.sources, workload.files)


def identity(each: Object) -> tuple[str, str, str]:
    return each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]


@pytest.mark.parametrize(
    "each", [*objects(), *company_objects(), *examples()], ids=lambda each: "-".join(identity(each))
)
def test_kubernetes_takes_the_object(each: Object) -> None:
    if each["kind"] in CUSTOM:
        assert each["apiVersion"] == "cert-manager.io/v1"
        return
    kubernetes_validate.validate(each, KUBERNETES, strict=True)


def test_kustomize_makes_the_same_objects() -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl to read the kustomization with")
    command = [kubectl, "kustomize", "--load-restrictor=LoadRestrictionsNone", str(FOLDER)]
    made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    documents = list(yaml.safe_load_all(made))
    mounted = [
        volume["configMap"]["name"]
        for each in documents
        if each["kind"] in WORKLOADS
        for volume in Workload(each).pod["volumes"]
        if "configMap" in volume and volume["configMap"]["name"] != COMPANY_AGENT
    ]
    assert sorted(mounted) == sorted(each["metadata"]["name"] for each in documents if each["kind"] == "ConfigMap")
    found = [
        (kind, space, re.sub("-[0-9a-z]{10}$", "", name)) if kind == "ConfigMap" else (kind, space, name)
        for kind, space, name in map(identity, documents)
    ]
    maps = [("ConfigMap", each["namespace"], each["name"]) for each in kustomization()["configMapGenerator"]]
    assert sorted(found) == sorted([*map(identity, objects()), *maps])


def test_every_selector_finds_its_pods() -> None:
    labels = [workload.labels for workload in workloads().values()]
    for pod in pods():
        assert pod.object["spec"]["selector"]["matchLabels"].items() <= pod.labels.items()
        for spread in pod.pod.get("topologySpreadConstraints", []):
            assert spread["labelSelector"]["matchLabels"].items() <= pod.labels.items()
    for service in of_kind("Service"):
        assert sum(service["spec"]["selector"].items() <= own.items() for own in labels) == 1, identity(service)
    for budget in of_kind("PodDisruptionBudget"):
        assert sum(budget["spec"]["selector"]["matchLabels"].items() <= own.items() for own in labels) == 1


def test_every_volume_that_is_mounted_exists_and_every_one_that_exists_is_mounted() -> None:
    for each in pods():
        claims = [claim["metadata"]["name"] for claim in each.object["spec"].get("volumeClaimTemplates", [])]
        volumes = [volume["name"] for volume in each.pod.get("volumes", [])] + claims
        containers = each.pod.get("initContainers", []) + each.pod["containers"]
        mounted = {mount["name"] for container in containers for mount in container["volumeMounts"]}
        assert sorted(volumes) == sorted(mounted), each.name


def test_every_secret_and_configuration_that_is_mounted_is_made() -> None:
    for each in pods():
        for volume in each.mounts.values():
            if "configMap" in volume:
                assert volume["configMap"]["name"] in configuration_files()
            if "secret" in volume:
                assert volume["secret"]["secretName"] in secrets()


def test_every_file_that_is_named_is_mounted() -> None:
    """As a file of a configuration, or as a key of a Secret."""
    for each in pods():
        named = [source for source in each.sources if not source.startswith("yaml:")]
        named += [value for value in each.environment.values() if re.match(r"/etc/", value)]
        for path in named:
            if path in each.mounts:
                continue
            folder, _, key = path.rpartition("/")
            volume = each.mounts[folder]
            keys = (
                configuration_files()[volume["configMap"]["name"]]
                if "configMap" in volume
                else secrets()[volume["secret"]["secretName"]]
            )
            assert key in keys, (each.name, path)


def test_every_file_of_a_configuration_exists_and_is_used() -> None:
    used = {path for each in workloads().values() for path in each.files.values()}
    made = {path for files in configuration_files().values() for path in files.values()}
    assert used == made
    assert [path.name for path in sorted(made) if not path.exists()] == []
    for name in COLLECTORS:
        workload = workloads()[name]
        assert {source for source in workload.sources if not source.startswith("yaml:")} == workload.files.keys()


def test_the_companys_configuration_is_in_its_configmap() -> None:
    [made] = [each["data"] for each in company_objects() if each["metadata"]["name"] == COMPANY_AGENT]
    files = configuration_files()[COMPANY_AGENT]
    assert made == {key: path.read_text(encoding="utf-8") for key, path in files.items()}


def test_the_guide_says_how_to_make_each_secret() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for name, keys in SECRETS_BY_HAND.items():
        (command,) = re.findall(rf"create secret generic {name}\b(.*?)(?:\n\n|\n```|\nkubectl)", text, re.DOTALL)
        assert set(re.findall(r"--from-(?:file|literal)=([\w.]+)", command)) == keys, name


def test_every_probe_asks_a_port_of_its_container() -> None:
    for each in workloads().values():
        for probe in ("readinessProbe", "livenessProbe"):
            assert each.container[probe]["httpGet"]["port"] in each.ports


@pytest.mark.parametrize("name", COLLECTORS)
def test_the_collector_runs_with_security(name: str) -> None:
    names = [Path(source).name for source in workloads()[name].sources]
    assert names[1] == names[0].replace(".yaml", "-secure.yaml")


@pytest.mark.parametrize("name", COLLECTORS)
def test_the_collector_is_given_what_it_reads_and_nothing_else(name: str) -> None:
    workload = workloads()[name]
    wanted = variables(merged(workload))
    assert workload.environment.keys() - wanted.keys() == set()
    assert {variable for variable, required in wanted.items() if required} - workload.environment.keys() == set()


@pytest.mark.parametrize("name", COLLECTORS)
def test_what_the_collector_listens_on_is_open_to_other_pods(name: str) -> None:
    """What keeps its default is of this machine only, and that would be the pod alone."""
    workload = workloads()[name]
    used = {
        receiver for pipeline in merged(workload)["service"]["pipelines"].values() for receiver in pipeline["receivers"]
    }
    listening = [merged(workload)["extensions"]["health_check"]["endpoint"]]
    if "otlp" in used:
        listening += [each["endpoint"] for each in merged(workload)["receivers"]["otlp"]["protocols"].values()]
    names = {variable for text in listening for variable in variables(text)} | {"REDUSE_METRICS_HOST"}
    assert {workload.environment[each].split(":")[0] for each in names} == {"0.0.0.0"}  # noqa: S104


@pytest.mark.parametrize("name", COLLECTORS)
def test_the_ports_of_the_container_are_those_of_the_configuration(name: str) -> None:
    workload = workloads()[name]
    given = {value.removeprefix("0.0.0.0:") for value in workload.environment.values() if value.startswith("0.0.0.0:")}
    reader = merged(workload)["service"]["telemetry"]["metrics"]["readers"][0]
    (metrics,) = re.findall(r":-(\d+)\}", reader["pull"]["exporter"]["prometheus"]["port"])
    assert {str(port) for port in workload.ports.values()} == {*given, metrics}


def test_the_processor_knows_every_setting_it_is_given() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert workloads()["reduse-processor"].environment.keys() - known == {"NUMBA_CACHE_DIR"}


def test_the_balancer_deals_out_to_as_many_processors_as_there_are() -> None:
    processors = workloads()["reduse-processor"]
    (service,) = [
        each for each in of_kind("Service") if each["metadata"]["name"] == processors.object["spec"]["serviceName"]
    ]
    assert service["spec"]["clusterIP"] == "None"
    suffix = f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc:{processors.ports['otlp-grpc']}"
    names = [f"{processors.name}-{number}.{suffix}" for number in range(processors.object["spec"]["replicas"])]
    assert yaml.safe_load(workloads()["reduse-balancer"].environment["REDUSE_PROCESSORS"]) == names


def test_node_and_scraper_together_do_what_the_agent_does() -> None:
    """Each pipeline is at one of them, as the agent's files have it; so databases and brokers are asked once."""
    node, scraper = (merged(workloads()[name])["service"]["pipelines"] for name in ("reduse-agent", "reduse-scraper"))
    root = FOLDER.parents[1]
    files = {
        path.as_posix(): path for path in (root / "collector-config/agent.yaml", root / "company/generated/agent.yaml")
    }
    agent = configuration(list(files), files)
    assert node.keys() & scraper.keys() == set()
    assert node | scraper == agent["service"]["pipelines"]
    asked = {receiver for pipeline in node.values() for receiver in pipeline["receivers"]}
    assert asked == {"otlp", "host_metrics"}


def test_an_orderly_stop_is_not_cut() -> None:
    for each in workloads().values():
        grace = each.pod["terminationGracePeriodSeconds"]
        if each.name in COLLECTORS:
            exporters = merged(workloads()["reduse-agent"])["exporters"].values()
            assert grace > max(int(exporter["timeout"].removesuffix("s")) for exporter in exporters)
        else:
            assert grace > 2 * host.GRACE_SECONDS


def test_every_image_is_one_that_is_known_here_with_its_version() -> None:
    images = {
        container["image"] for each in pods() for container in [*each.pod.get("initContainers", []), each.container]
    }
    assert images == IMAGES
    with_ours = {name for name in COLLECTORS if workloads()[name].container["image"] == "reduse-collector:0.1.0"}
    assert with_ours == {"reduse-agent", "reduse-scraper", "reduse-gateway"}
    assert {f"{each['name']}:{each['newTag']}" for each in kustomization()["images"]} <= images
    versions = re.findall(r"builder@v(\S+?)\"", (FOLDER.parents[1] / "otel/reduse/stack/collector.py").read_text())
    assert [f"docker.io/otel/opentelemetry-collector-contrib:{version}" in images for version in versions] == [True]


def test_every_pod_keeps_to_the_restricted_standard_but_for_the_agents_folder() -> None:
    for each in pods():
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
@pytest.mark.parametrize("name", COLLECTORS)
def test_the_collector_takes_the_configuration_that_its_pod_gets(name: str, tmp_path: Path) -> None:
    workload = workloads()[name]
    binary = collector.find(load_settings())
    if binary is None:
        pytest.skip("no collector: have one built by `./reduse collector`")
    here = {folder: tmp_path / folder.strip("/").replace("/", "-") for folder in workload.mounts}
    for folder, path in here.items():
        path.mkdir()
        for key in secrets().get(workload.mounts[folder].get("secret", {}).get("secretName", ""), ()):
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
