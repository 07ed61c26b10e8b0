"""Started as root or not, each part has no more rights than it needs: read from /proc of the running stack."""

import os
import stat
from collections import defaultdict
from pathlib import Path

import pytest

from tests.e2e.least_privilege import Listener, Process, private_files, processes
from tests.e2e.stack import Stack

pytestmark = [pytest.mark.server, pytest.mark.e2e]

ROOT = os.geteuid() == 0
SERVICES = {"shop-api", "crm-api", "mes-api"}
DATABASES = {"shop-db", "mes-db"}
# Who reads which secret (docs/security.md). Nobody: only whoever starts the stack.
READERS: dict[str, set[str]] = {
    "shop_db_superuser": set(),
    "mes_db_superuser": set(),
    "shop_db_shop_api": {"shop-api"},
    "shop_db_crm_api": {"crm-api"},
    "mes_db_mes_api": {"mes-api"},
    "broker_shop_api": {"shop-api"},
    "broker_crm_api": {"crm-api"},
    "broker_mes_api": {"mes-api"},
    "shop_db_monitoring": {"agent"},
    "mes_db_monitoring": {"agent"},
    "broker_monitoring": {"agent"},
    "user_hash_key": SERVICES,
    "agent_token": set(),
    "prometheus_password": set(),
    "console_token": set(),
    "grafana_admin": set(),
    "erlang_cookie": set(),
    "partner_keys.json": set(),
}
PIPELINE = {"prometheus", "alertmanager", "gateway", "processor", "agent", "console"}
PARTS = {"broker-names", "rabbitmq", *PIPELINE, *SERVICES, *DATABASES}


@pytest.fixture(scope="module")
def found(stack: Stack) -> list[Process]:
    return processes(stack)


def test_every_part_is_a_user_of_its_own_without_capabilities(found: list[Process]) -> None:
    users = defaultdict[str, set[int]](set)
    for process in found:
        users[process.part] |= process.users
    assert set(users) >= PARTS
    if not ROOT:
        assert set().union(*users.values()) == {os.geteuid()}
        return
    assert [process for process in found if process.capabilities or not process.gains_no_rights] == []
    # PostgreSQL runs only as a user who has a name: Debian's.
    own = {part: numbers for part, numbers in users.items() if part not in DATABASES}
    assert all(len(numbers) == 1 for numbers in users.values())
    assert len(set().union(*own.values())) == len(own)
    assert 0 not in set().union(*users.values())


def test_each_secret_is_read_by_those_who_need_it(stack: Stack, found: list[Process]) -> None:
    folder = stack.settings.secrets_dir
    assert {path.name for path in folder.iterdir()} == set(READERS)
    if ROOT:
        readers = {name: {each.part for each in found if each.reaches(folder / name, 4)} for name in READERS}
        assert readers == READERS
    else:
        assert {stat.S_IMODE((folder / name).stat().st_mode) for name in READERS} == {0o600}


def test_a_part_can_write_below_its_own_data_and_nowhere_else(stack: Stack, found: list[Process]) -> None:
    state = stack.settings.state_dir
    if not ROOT:
        return
    written = defaultdict[str, set[str]](set)
    for path in (state, *state.rglob("*")):
        if path.is_symlink() or not path.exists():
            continue
        status = path.stat()
        for process in found:
            if process.may(2, status) and process.reaches(path, 2):
                written[process.part].add(_place(path, state))
    own = {part: {f"data/{part}"} for part in ("rabbitmq", "prometheus", "alertmanager", "processor", "console")}
    homes = {service: {f"data/home/{service}"} for service in SERVICES}
    # Both run as Debian's user.
    databases = {name: {f"data/{each}" for each in DATABASES} for name in DATABASES}
    assert dict(written) == {**own, "agent": {"data/agent-queue"}, **homes, **databases}


def _place(path: Path, state: Path) -> str:
    parts = path.relative_to(state).parts
    return "/".join(parts[: 3 if parts[:2] == ("data", "home") else 2])


def test_nobody_else_reads_data_logs_or_secrets(stack: Stack) -> None:
    """Nor writes anything at all."""
    settings = stack.settings
    open_to_others = []
    for path in private_files(settings.state_dir):
        mode = path.stat().st_mode
        below = [folder for folder in path.parents if folder.is_relative_to(settings.state_dir)]
        entered = all(folder.stat().st_mode & stat.S_IXOTH for folder in below)
        private = not path.is_relative_to(settings.run_dir) and path.parent != settings.state_dir
        if entered and mode & (stat.S_IWOTH | (stat.S_IROTH if private else 0)):
            open_to_others.append(path)
    assert open_to_others == []


def test_it_listens_on_the_named_ports_of_this_machine_and_nowhere_else(stack: Stack, found: list[Process]) -> None:
    idle = {"REDUSE_VICTORIAMETRICS_PORT", "REDUSE_VMALERT_PORT", "REDUSE_KAFKA_PORT", "REDUSE_KAFKA_CONTROLLER_PORT"}
    named = {port for name, port in stack.installation.ports().items() if name not in idle | {"REDUSE_GRAFANA_PORT"}}

    def listeners() -> set[Listener]:
        return set().union(*(process.listeners() for process in found))

    stay = listeners()
    assert {port for _, port in stay} == named
    # Erlang's names are on ::1 too, and gRPC writes IPv4 addresses as IPv6.
    assert {address for address, _ in stay} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
