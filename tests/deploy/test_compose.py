"""docker-compose.yml: Compose takes it for every profile, and it says what the design says."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from reduse.monitoring import companies
from reduse.processor import host
from reduse.processor.kafka import settings as worker_settings
from reduse.processor.kafka.checkpoints import LEAVE_SECONDS
from reduse.settings.stack import Settings
from reduse.settings.table import table
from reduse.stack import credentials
from reduse.stack.compose import BROKER_MEMORY, MASTER, VOLUMES, volumes_of_parts
from reduse.stack.compose import KAFKA as BROKERS
from reduse.stack.compose import composed as composed_company
from reduse.stack.installation import Installation
from reduse.stack.kafka.server import configuration as kafka_configuration
from reduse.stack.parts import all_parts
from reduse.stack.parts import gateway as gateway_part
from reduse.stack.store.victoriametrics import VictoriaMetrics
from reduse.watch.policies import PROCESSOR_SETTING, SERVICE_SETTING, processor_settings, service_settings
from reduse.yaml_text import read_yaml
from tests.deploy.composition import FILE, KAFKA, ROOT, WAYS, composed, services
from tests.deploy.merged import configuration, variables

# The design's table of parts and versions: the image, and the least version of it.
IMAGES = {
    "reduse-collector": ("agent", "gateway"),
    "prom/prometheus": ("prometheus",),
    "prom/alertmanager": ("alertmanager",),
    "victoriametrics/victoria-metrics": ("victoriametrics",),
    "victoriametrics/vmalert": ("vmalert",),
    "grafana/grafana": ("grafana",),
    "apache/kafka": ("kafka",),
    "postgres": ("shop-db", "mes-db"),
    "rabbitmq": ("rabbitmq",),
    "wollomatic/socket-proxy": ("docker-socket-proxy",),
    "reduse": (
        *("secrets", "databases", "shop-api", "crm-api", "mes-api", "load"),
        *("processor", "kafka-topics", "worker-1", "worker-2", "worker-3"),
    ),
}
EXACT = {"reduse": "0.1.0", "reduse-collector": "0.1.0"}
# What is built here: of which file.
BUILT: dict[str, object] = {"reduse": ".", "reduse-collector": {"context": ".", "dockerfile": "Dockerfile.collector"}}
LEAST = {"prom/prometheus": (3, 14), "grafana/grafana": (12, 0), "postgres": (15, 0)}
# Its table of ports: what people open, by the setting that changes it.
PUBLISHED = {
    "shop-api": ("REDUSE_SHOP_API_PORT", 8001),
    "crm-api": ("REDUSE_CRM_API_PORT", 8002),
    "mes-api": ("REDUSE_MES_API_PORT", 8003),
    "prometheus": ("REDUSE_PROMETHEUS_PORT", 9090),
    "victoriametrics": ("REDUSE_VICTORIAMETRICS_PORT", 8428),
    "vmalert": ("REDUSE_VMALERT_PORT", 8880),
    "alertmanager": ("REDUSE_ALERTMANAGER_PORT", 9093),
    "grafana": ("REDUSE_GRAFANA_PORT", 3000),
    "rabbitmq": ("REDUSE_BROKER_MANAGEMENT_PORT", 15672),
}
# What each part is asked, so that it is healthy when it does its work and not when it has a port.
ASKED = {
    "shop-db": "pg_isready",
    "mes-db": "pg_isready",
    "rabbitmq": "check_port_connectivity",
    "shop-api": "8001/readyz",
    "crm-api": "8002/readyz",
    "mes-api": "8003/readyz",
    "processor": "9464/readyz",
    "worker": "9464/readyz",
    "kafka": "kafka-broker-api-versions.sh",
    "prometheus": "/-/ready",
    "alertmanager": "/-/ready",
    "victoriametrics": "8428/health",
    "vmalert": "8880/health",
    "grafana": "/api/health",
    "docker-socket-proxy": "./healthcheck",
}
# Nothing can be run in these images but the program itself.
WITHOUT_A_SHELL = {"agent", "gateway"}
ONCE = {"secrets", "databases", "kafka-topics", "load"}
# Natively only: names run in the broker's container, and the console listens where nobody would reach it.
NATIVE = {"broker-names", "console"}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_compose_takes_the_file(way: str) -> None:
    assert composed(way)["services"].keys() >= services().keys() - {"load"}


def test_every_image_has_the_version_of_the_design() -> None:
    assert {name for names in IMAGES.values() for name in names} == services().keys()
    for image, names in IMAGES.items():
        for name in names:
            repository, _, version = services()[name]["image"].rpartition(":")
            assert repository == image
            assert version not in {"", "latest"}
            assert EXACT.get(image, version) == version
            numbers = tuple(int(each) for each in re.findall(r"\d+", version)[:2])
            assert numbers >= LEAST.get(image, (0, 0))


def test_every_image_of_ours_is_built_of_its_file() -> None:
    for name, service in services().items():
        assert service.get("build") == BUILT.get(service["image"].rpartition(":")[0]), name


@pytest.mark.slow
@pytest.mark.parametrize(("way", "store"), [("default", "prometheus"), ("victoriametrics", "victoriametrics")])
def test_the_gateway_writes_into_the_store_and_tells_the_alertmanager_that_are_there(way: str, store: str) -> None:
    gateway = composed(way)["services"]["gateway"]
    environment = gateway["environment"]
    assert environment["REDUSE_STORE"].startswith(store)
    for variable, name in (("PROMETHEUS", store), ("ALERTMANAGER", "alertmanager")):
        url = urlsplit(environment[f"REDUSE_{variable}_URL"])
        assert url.port == PUBLISHED[name][1]
        assert url.hostname == name
        assert set(services()["gateway"]["networks"]) & set(services()[name]["networks"])
    assert composed(way)["services"]["grafana"]["environment"]["REDUSE_PROMETHEUS_URL"].startswith(f"http://{store}:")


def test_the_gateway_is_told_the_release_of_prometheus() -> None:
    major = re.search(r":v(\d+)", services()["prometheus"]["image"])
    assert major is not None
    assert composed("default")["services"]["gateway"]["environment"]["REDUSE_STORE"] == f"prometheus-{major[1]}"
    assert "--web.enable-remote-write-receiver" in services()["prometheus"]["command"]


def test_victoriametrics_takes_the_place_of_prometheus_and_is_started_as_natively(tmp_path: Path) -> None:
    assert composed("victoriametrics")["services"]["prometheus"]["scale"] == 0
    assert composed("default")["services"]["prometheus"].get("scale", 1) == 1
    settings = Settings(
        state_dir=tmp_path, victoriametrics_program=Path("/bin/true"), vmalert_program=Path("/bin/true")
    )
    for part in VictoriaMetrics(settings).parts():
        here = {word.split("=")[0] for word in services()[part.name]["command"]}
        # What it says of itself is in the engine's log.
        assert here == {word.split("=")[0] for word in part.command[1:]} - {"-loggerLevel"}
    version = re.search(r"VictoriaMetrics/VictoriaMetrics (v\S+)", (ROOT / "victoriametrics" / "go.mod").read_text())
    assert version is not None
    assert services()["victoriametrics"]["image"].endswith(version[1])
    assert services()["vmalert"]["image"].endswith(version[1])


def test_what_the_gateway_is_given_by_default_is_what_it_is_given_natively() -> None:
    native = {row.name: row.default for row in table(Installation.of(Settings()).processes)}
    for name, value in services()["gateway"]["environment"].items():
        # Which store there is: the tests above.
        if name in {"REDUSE_PROMETHEUS_URL", "REDUSE_STORE"}:
            continue
        if found := re.fullmatch(r"\$\{(\w+):-(.*)\}", value):
            assert (found[1], found[2]) == (name, native[name])
    # Unless told otherwise natively too it takes the defaults of its own file.
    assert "REDUSE_GATEWAY_SERIES_LIMIT" not in gateway_part(Settings(), Path("otelcol")).environment


def test_only_what_people_open_is_published_and_on_this_machine_only() -> None:
    found = {name: service["ports"] for name, service in services().items() if "ports" in service}
    defaults = Installation.of(Settings()).ports()
    assert found == {name: [f"127.0.0.1:${{{setting}:-{port}}}:{port}"] for name, (setting, port) in PUBLISHED.items()}
    assert {setting: defaults[setting] for setting, _ in PUBLISHED.values()} == dict(PUBLISHED.values())


def test_every_part_of_the_native_stack_is_there() -> None:
    native = {part.name for part in all_parts(Installation.of(Settings()), Path("otelcol"), load=True)} | {"grafana"}
    assert native - NATIVE <= services().keys()


def test_health_is_an_answer_of_the_part_itself() -> None:
    for name, service in services().items():
        if name in WITHOUT_A_SHELL | ONCE:
            assert "healthcheck" not in service
            continue
        asked = " ".join(service["healthcheck"]["test"]) + service.get("environment", {}).get("HEALTH_URL", "")
        assert ASKED[re.sub(r"-\d$", "", name)] in asked


def test_what_waits_waits_for_health_where_there_is_any() -> None:
    for name, service in services().items():
        for needed, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if needed in ONCE else "service_healthy"
            assert how["condition"] == ("service_started" if needed in WITHOUT_A_SHELL else wanted), (name, needed)


def test_every_part_is_confined_and_bounded() -> None:
    for name, service in services().items():
        assert service["read_only"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service.get("deploy") or name in {"secrets", "databases"}, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["restart"] == ("no" if name in ONCE else "unless-stopped"), name
        assert service["logging"]["options"]["max-size"], name


@pytest.mark.slow
def test_only_the_way_to_people_is_open_to_the_outside() -> None:
    networks = composed("all")["networks"]
    assert {name for name, network in networks.items() if not (network or {}).get("internal")} == {"front"}
    inside = {name for name, service in services().items() if "front" not in service.get("networks", [])}
    assert inside == services().keys() - PUBLISHED.keys()
    on_docker = {name for name, service in services().items() if "docker" in service.get("networks", [])}
    assert on_docker == {"agent", "docker-socket-proxy"}


def test_the_engines_socket_is_read_by_its_proxy_only() -> None:
    holders = {name: volume for name, service in services().items() for volume in _volumes(service) if "sock" in volume}
    assert holders == {"docker-socket-proxy": "/var/run/docker.sock:/var/run/docker.sock:ro"}


@pytest.mark.parametrize(
    ("call", "allowed"),
    [
        ("/v1.44/containers/json", True),
        ("/v1.44/events", True),
        ("/v1.44/containers/0f3a/json", True),
        ("/v1.44/containers/0f3a/stats", True),
        # Any file of any container, secrets among them.
        ("/v1.44/containers/0f3a/archive", False),
        ("/v1.44/containers/0f3a/export", False),
        ("/v1.44/containers/0f3a/logs", False),
        ("/v1.44/containers/0f3a/json/../archive", False),
        ("/v1.44/secrets", False),
        ("/v1.44/images/json", False),
    ],
)
def test_the_proxy_hands_on_what_the_agent_reads_and_nothing_else(call: str, allowed: bool) -> None:
    command = services()["docker-socket-proxy"]["command"]
    assert [word.split("=")[0] for word in command] == ["-listenip", "-allowfrom", "-allowhealthcheck", "-allowGET"]
    assert "-allowfrom=agent" in command
    assert bool(re.fullmatch(command[-1].removeprefix("-allowGET="), call)) is allowed


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_every_file_that_is_mounted_exists(way: str) -> None:
    for service in composed(way)["services"].values():
        for volume in service.get("volumes", []):
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            path = ROOT / source
            if source.startswith(("/", ".")) and not source.endswith("docker.sock"):
                assert path.exists(), source


def test_each_part_reads_its_own_secrets_and_no_others() -> None:
    made = {volume.split(":")[0]: volume.split(":")[1] for volume in _volumes(services()["secrets"])}
    folders = {str(VOLUMES / name) for name in (MASTER, *volumes_of_parts(composed_company(Settings())))}
    assert set(made.values()) == folders
    for volume, folder in made.items():
        part = Path(folder).name
        readers = {
            name
            for name, service in services().items()
            if name != "secrets" and any(each.split(":")[0] == volume for each in _volumes(service))
        }
        assert readers == {{MASTER: "databases", "agent-queue": "agent"}.get(part, part)}


def test_there_is_no_secret_in_the_file() -> None:
    text = FILE.read_text(encoding="utf-8")
    for name, service in services().items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|KEY", variable) and not variable.endswith("_DIR"):
                assert str(value).startswith("/run/reduse/"), (name, variable)
                file = Path(value).name
                assert file in (*credentials.passwords(Installation.of(Settings()).processes), "partner_keys.json")
    assert not re.search(r"(?i)(password|secret|token)\s*[:=]\s*['\"]?[a-z0-9]{8,}['\"]?\s*$", text, re.MULTILINE)


COLLECTORS = ("agent", "gateway")


@pytest.mark.parametrize("name", COLLECTORS)
def test_the_collector_is_given_what_it_reads_and_nothing_else(name: str) -> None:
    service = services()[name]
    files = collector_files()
    read = variables(configuration(layers(service, name), files))
    # What is laid over it where points go by Kafka.
    read = dict.fromkeys(variables(configuration(layers(service, f"{name}-kafka"), files)), False) | read
    given = service["environment"].keys()
    assert given <= read.keys()
    assert {variable for variable, needed in read.items() if needed} <= given
    # What listens, listens to other containers.
    assert all(value.startswith("0.0.0.0:") for key, value in service["environment"].items() if key in LISTENS[name])


def layers(service: dict[str, Any], layer: str) -> list[str]:
    """The collector's files in their order, with this one as the layer that a variable names."""
    words = [word.removeprefix("--config=") for word in service["command"]]
    return [re.sub(r"\$\{REDUSE_\w+_LAYER:-\w+\}", layer, word) for word in words]


def collector_files() -> dict[str, Path]:
    """By the path at which the containers have them."""
    files = {f"/etc/reduse/{path.name}": path for path in (ROOT / "collector-config").glob("*.yaml")}
    return files | {"/etc/reduse-company/agent.yaml": ROOT / "company" / "generated" / "agent.yaml"}


LISTENS = {
    "agent": {"REDUSE_AGENT_ENDPOINT", "REDUSE_AGENT_HTTP_ENDPOINT"},
    "gateway": {"REDUSE_GATEWAY_ENDPOINT"},
}


def test_the_stores_find_every_part_that_they_scrape() -> None:
    wanted = set()
    for file in ("prometheus/prometheus.yml", "victoriametrics/scrape.yml"):
        jobs = read_yaml((ROOT / file).read_text())["scrape_configs"]
        wanted |= {Path(file).name for job in jobs for each in job["file_sd_configs"] for file in each["files"]}
    for folder in ("targets-compose", "targets-compose-kafka"):
        files = {path.name: path for path in (ROOT / "prometheus" / folder).iterdir()}
        assert files.keys() == wanted
        for path in files.values():
            for group in read_yaml(path.read_text()):
                assert {target.split(":")[0] for target in group["targets"]} <= services().keys()


def test_kafka_is_configured_as_natively(tmp_path: Path) -> None:
    given = services()["kafka"]["environment"]
    apart = {"listeners", "log.dirs", "controller.quorum.voters"}
    for name, value in kafka_configuration(Settings(state_dir=tmp_path)).items():
        if name not in apart:
            assert given[f"KAFKA_{name.replace('.', '_').upper()}"] == value, name


def test_with_kafka_its_layers_are_laid_over_agent_and_gateway_and_workers_are_scraped() -> None:
    way: dict[str, Any] = composed("kafka")["services"]
    for name in ("agent", "gateway"):
        command = way[name]["command"]
        assert command[:2] == [f"--config=/etc/reduse/{name}.yaml", f"--config=/etc/reduse/{name}-kafka.yaml"]
    assert {"kafka", "kafka-topics", "worker-1", "worker-2", "worker-3"} <= way.keys()
    assert "COMPOSE_PROFILES=kafka" in KAFKA.read_text()
    [scraped] = read_yaml((ROOT / "prometheus" / "targets-compose-kafka" / "processor.json").read_text())
    assert scraped["targets"] == ["worker-1:9464", "worker-2:9464", "worker-3:9464"]


def test_the_service_and_the_processors_have_the_policies_of_the_companys_file() -> None:
    company = companies.load(ROOT / "company" / "watch.yaml")
    way = composed("kafka")["services"]
    for service in company.services:
        given = way[service.name]["environment"]
        assert {name: given[name] for name in given if name == SERVICE_SETTING} == service_settings(service)
    for name in ("processor", "worker-1", "worker-2", "worker-3"):
        given = way[name]["environment"]
        assert given[PROCESSOR_SETTING] == processor_settings(company)[PROCESSOR_SETTING]


def test_a_worker_is_given_settings_that_there_are_and_the_limits_of_the_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    way: dict[str, Any] = composed("kafka")["services"]
    for number in (1, 2, 3):
        given = way[f"worker-{number}"]["environment"]
        assert given == way["worker-1"]["environment"]
        assert given["REDUSE_PROCESSOR_LIMITS"] == way["processor"]["environment"]["REDUSE_PROCESSOR_LIMITS"]
        ours = {name: value for name, value in given.items() if name != "HEALTH_URL"}
        for name, value in ours.items():
            monkeypatch.setenv(name, value)
        kafka, own = worker_settings.load(ours)
        # As the broker says that it is called, and the topics' maker calls it.
        assert way["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"] == f"CLIENTS://{kafka.brokers}"
        assert kafka.brokers == BROKERS == way["agent"]["environment"]["REDUSE_KAFKA_BROKERS"]
        assert own.metrics_host == "0.0.0.0"  # noqa: S104


def test_the_broker_lets_workers_make_their_own_topics() -> None:
    """What is named in no file here: those of partials, snapshots and quarantine. It has no rights to give."""
    assert not [name for name in services()["kafka"]["environment"] if "AUTHORIZER" in name]


def test_topics_are_made_with_the_native_defaults() -> None:
    native = {row.name: row.default for row in table(Installation.of(Settings()).processes)}
    for name, value in services()["kafka-topics"]["environment"].items():
        assert value == f"${{{name}:-{native[name]}}}"


def test_an_orderly_stop_is_not_cut() -> None:
    longest = {name: int(service.get("stop_grace_period", "10s").rstrip("s")) for name, service in services().items()}
    assert longest["processor"] > 2 * host.GRACE_SECONDS
    assert min(longest[name] for name in longest if name.startswith("worker")) > 4 * LEAVE_SECONDS
    queued = configuration(["agent"], {"agent": ROOT / "collector-config" / "agent.yaml"})["exporters"].values()
    assert longest["agent"] > max(int(exporter["timeout"].rstrip("s")) for exporter in queued)
    assert min(longest[name] for name in ("shop-db", "mes-db", "rabbitmq", "kafka", "prometheus")) > 10
    # Asked by SIGTERM PostgreSQL waits for every session to end by itself.
    assert {services()[name]["stop_signal"] for name in ("shop-db", "mes-db")} == {"SIGINT"}


def test_the_load_goes_to_the_services_and_nowhere_else() -> None:
    environment = services()["load"]["environment"]
    urls = [urlsplit(value) for name, value in environment.items() if name.endswith("_URL")]
    assert [f"{url.hostname}:{url.port}" for url in urls] == ["shop-api:8001", "crm-api:8002", "mes-api:8003"]
    assert environment["LOAD_ALLOWED_HOSTS"].split(",") == [url.hostname for url in urls]


def test_the_disk_of_the_queue_is_watched() -> None:
    agent = services()["agent"]
    assert f"agent-queue:{agent['environment']['REDUSE_QUEUE_DIR']}" in _volumes(agent)
    files = collector_files()
    merged = configuration(layers(agent, "agent"), files)
    disks = merged["receivers"]["host_metrics"]["scrapers"]["filesystem"]
    assert disks["include_mount_points"]["mount_points"] == ["${env:REDUSE_QUEUE_DIR}"]
    # What is mounted into a container is a bind mount, and those are left out of all but this.
    assert disks["include_virtual_filesystems"]


def test_the_broker_asks_publishers_to_wait_before_it_is_killed_for_its_memory() -> None:
    amount = re.fullmatch(r"absolute = (\d+)MB", BROKER_MEMORY)
    limit = re.fullmatch(r"(\d+)M", services()["rabbitmq"]["deploy"]["resources"]["limits"]["memory"])
    assert amount is not None
    assert limit is not None
    assert int(amount[1]) < 0.7 * int(limit[1])


def test_every_setting_in_it_is_one_that_there_is() -> None:
    text = FILE.read_text(encoding="utf-8")
    known = {row.name for row in table(Installation.of(Settings()).processes) if row.readers != ("compose",)}
    assert set(re.findall(r"\$\{(REDUSE_\w+)", text)) <= known | {
        *("REDUSE_PROMETHEUS_TARGETS", "REDUSE_RENDERED", "REDUSE_AGENT_LAYER", "REDUSE_GATEWAY_LAYER")
    }


def _volumes(service: dict[str, Any]) -> list[str]:
    found: list[str] = service.get("volumes", [])
    return found
