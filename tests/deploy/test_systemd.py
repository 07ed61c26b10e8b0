"""The units hold what docs/deploy/debian.md relies on, and systemd takes them."""

import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reduse.monitoring import companies, rendering
from reduse.monitoring.deployment import configuration as deployed
from reduse.monitoring.deployment import systemd
from reduse.monitoring.origin import Origin
from reduse.monitoring.rendering import Surroundings
from reduse.operation import certificates
from reduse.processor import host
from reduse.processor.settings import PREFIX, Settings
from reduse.settings.stack import load_settings
from reduse.stack import collector
from tests.deploy.merged import configuration, variables
from tests.deploy.units import CREDENTIALS, FOLDER, INSTALLED, ROOT, Unit, in_repository, read, seconds
from tests.ports import free_port

GUIDE = (ROOT / "docs" / "deploy" / "debian.md").read_text(encoding="utf-8")
COMPANY = companies.load(ROOT / "company" / "watch.yaml")
JOBS = ("alertmanager", "collector-agent", "collector-gateway", "reduse-processor", "prometheus")

COLLECTORS = ("agent", "gateway")
PARTS = (*COLLECTORS, "processor")
# Of 100: what is left is that they use the machine's network and file tree.
EXPOSURE = "13"


def merged(unit: Unit) -> dict[str, object]:
    return configuration(unit.sources(), {source: in_repository(source) for source in unit.sources()})


@pytest.fixture
def analyze() -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze: it is in Debian's package systemd")
    return program


@pytest.mark.parametrize("part", PARTS)
def test_systemd_finds_nothing_wrong_with_the_unit(part: str, analyze: str, tmp_path: Path) -> None:
    programs = {"otelcol", "venv/bin/reduse-processor"}
    for program in programs:
        (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
    unit = tmp_path / f"reduse-{part}.service"
    unit.write_text((FOLDER / unit.name).read_text().replace(INSTALLED, str(tmp_path)))
    finished = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False, timeout=60)
    assert (finished.returncode, finished.stdout + finished.stderr) == (0, "")


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_broken_into_can_do_little(part: str, analyze: str) -> None:
    unit = str(FOLDER / f"reduse-{part}.service")
    command = [analyze, "security", "--no-pager", "--offline=true", f"--threshold={EXPOSURE}", unit]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.parametrize("part", COLLECTORS)
def test_the_collector_runs_with_security_and_is_checked_with_the_same_files(part: str) -> None:
    unit = read(part)
    company = [systemd.INSTALLED] if part == "agent" else []
    folder = f"{INSTALLED}/collector-config"
    assert unit.sources() == [f"{folder}/{part}.yaml", f"{folder}/{part}-secure.yaml", *company]
    assert unit.sources("ExecStartPre") == unit.sources()
    assert [source for source in unit.sources() if not in_repository(source).exists()] == []


@pytest.mark.parametrize("part", COLLECTORS)
def test_the_collector_is_given_what_it_reads_and_nothing_else(part: str) -> None:
    unit = read(part)
    wanted = variables(merged(unit))
    assert unit.environment.keys() - wanted.keys() - {"REDUSE_AGENT_COMPANY"} == set()
    assert {name for name, required in wanted.items() if required} - unit.environment.keys() == set()


def test_the_processor_knows_every_setting_it_is_given() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert read("processor").environment.keys() - known == {"NUMBA_CACHE_DIR"}


@pytest.mark.parametrize("part", PARTS)
def test_every_credential_that_is_named_is_loaded_and_every_one_loaded_is_used(part: str) -> None:
    unit = read(part)
    named = {value.removeprefix(CREDENTIALS) for value in unit.environment.values() if value.startswith(CREDENTIALS)}
    if part in COLLECTORS:
        named |= set(re.findall(r"\$\{env:REDUSE_SECRETS_DIR\}/(\w+)", str(merged(unit))))
    assert named == unit.credentials


@pytest.mark.parametrize("part", PARTS)
def test_the_guide_makes_every_file_that_a_unit_wants(part: str) -> None:
    unit = read(part)
    assert f"deploy/systemd/reduse-{part}.service" in GUIDE
    assert f"deploy/systemd/{part}.env" in GUIDE
    assert [name for name in unit.credentials if not re.search(rf"\b{re.escape(name)}\b", GUIDE)] == []


def rendered_files(text: str) -> set[str]:
    """What the guide copies of what follows from a company's file."""
    return set(re.findall(r"\brendered/([\w./-]+\w)", text))


@pytest.mark.slow
def test_the_guide_copies_files_that_are_rendered_and_makes_what_is_needed_of_them() -> None:
    files = rendering.documents(COMPANY, Origin("watch.yaml"), Surroundings(ROOT, addresses=dict.fromkeys(JOBS, "h:1")))
    copied = rendered_files(GUIDE)
    assert [name for name in copied if not any(file == name or file.startswith(f"{name}/") for file in files)] == []
    assert {"rules/company.yaml", "alertmanager.yml", deployed.PATH, "systemd/reduse-agent.service.d"} <= copied


def test_the_guide_copies_folders_that_there_are() -> None:
    (words,) = re.findall(r"rsync -a (collector-config .*) \"\$machine", GUIDE)
    assert [name for name in words.split() if not (ROOT / name).exists()] == []


@pytest.mark.slow
def test_the_command_line_is_given_settings_that_there_are_and_asks_the_store(tmp_path: Path) -> None:
    (script,) = re.findall(r"^sudo tee /usr/local/sbin/reduse <<'END'\n(.*?)^END$", GUIDE, re.MULTILINE | re.DOTALL)
    (tmp_path / "password").write_text("something\n")
    certificates.ensure(tmp_path, hosts=(), now=datetime.now(UTC))
    for installed, here in {
        "/etc/reduse/company/watch.yaml": ROOT / "company" / "watch.yaml",
        "/etc/reduse/tls/ca.crt": tmp_path / "ca.crt",
        "/etc/reduse/credentials/prometheus_password": tmp_path / "password",
        "/var/lib/reduse": tmp_path / "state",
        "localhost:9090": f"localhost:{free_port()}",
        "/usr/lib/reduse/venv/bin/reduse": f"{sys.executable} -m reduse.cli",
    }.items():
        assert installed in script
        script = script.replace(installed, str(here))
    finished = subprocess.run(
        ["sh", "-c", script, "reduse", "check"], capture_output=True, text=True, check=False, timeout=60
    )
    assert finished.returncode == 1
    assert "does not answer" in finished.stderr
    assert "REDUSE_STORE_URL says where it is" in finished.stderr


@pytest.mark.parametrize("part", PARTS)
def test_the_environment_file_sets_addresses_and_sizes_and_no_secret(part: str) -> None:
    unit = read(part)
    assert unit.environment_file.keys() & unit.own_environment.keys() == set()
    assert [name for name in unit.environment_file if re.search("PASSWORD|TOKEN|SECRET|KEY", name)] == []


def test_what_other_machines_call_listens_on_the_machines_addresses() -> None:
    assert read("gateway").environment["REDUSE_GATEWAY_ENDPOINT"].startswith("0.0.0.0:")
    assert read("processor").environment["REDUSE_PROCESSOR_ENDPOINT"].startswith("0.0.0.0:")
    assert read("agent").environment["REDUSE_METRICS_HOST"] == "0.0.0.0"  # noqa: S104


def test_both_machines_speak_of_the_same_ports() -> None:
    agent = read("agent").environment
    for name, listening in (("GATEWAY", read("gateway")), ("PROCESSOR", read("processor"))):
        key = f"REDUSE_{name}_ENDPOINT"
        assert agent[key].rpartition(":")[2] == listening.environment[key].rpartition(":")[2]
    gateway = read("gateway").environment["REDUSE_GATEWAY_ENDPOINT"].rpartition(":")[2]
    assert read("processor").environment["REDUSE_PROCESSOR_GATEWAY"] == f"https://localhost:{gateway}"


@pytest.mark.parametrize("part", ["agent", "processor"])
def test_what_is_kept_on_disk_is_in_the_folder_that_systemd_keeps(part: str) -> None:
    unit = read(part)
    name = {"agent": "REDUSE_QUEUE_DIR", "processor": "REDUSE_PROCESSOR_STATE_DIR"}[part]
    kept = f"%S/{unit.value('StateDirectory')}"
    assert unit.environment[name] == kept or unit.environment[name].startswith(kept + "/")


@pytest.mark.parametrize("part", PARTS)
def test_an_orderly_stop_is_not_cut(part: str) -> None:
    unit = read(part)
    assert unit.value("KillSignal") == "SIGTERM"
    if part == "processor":
        assert seconds(unit.value("TimeoutStopSec")) > 2 * host.GRACE_SECONDS
    else:
        waits = re.findall(r"'timeout': '(\d+)s'", str(merged(read("agent"))["exporters"]))
        assert waits
        assert seconds(unit.value("TimeoutStopSec")) > max(map(int, waits))


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_fails_again_and_again_is_left_down(part: str) -> None:
    unit = read(part)
    assert unit.value("Restart") == "on-failure"
    starts = int(unit.value("StartLimitBurst")) * seconds(unit.value("RestartSec"))
    assert starts < int(unit.value("StartLimitIntervalSec"))


@pytest.mark.server
@pytest.mark.parametrize("part", COLLECTORS)
def test_the_collector_takes_the_configuration_with_the_units_environment(part: str, tmp_path: Path) -> None:
    binary = collector.find(load_settings())
    if binary is None:
        pytest.skip("no collector: have one built by `./reduse collector`")
    unit = read(part)
    for name in unit.credentials:
        (tmp_path / name).write_text("something\n")
    folders = {"%d": str(tmp_path), "%S": str(tmp_path), "%H": "host"}
    environment = {
        name: re.sub("|".join(folders), lambda found: folders[found[0]], value)
        for name, value in unit.environment.items()
    }
    command = [str(binary), "validate"]
    for source in unit.sources():
        command += ["--config", str(in_repository(source))]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert finished.returncode == 0, finished.stderr
