"""What containers get: each part its own secrets, once, and configuration that its program reads."""

import json
from pathlib import Path

from reduse.settings.stack import Settings
from reduse.stack import credentials
from reduse.stack.compose import MASTER, MOUNTED, composed, make_secrets, volumes_of_parts
from reduse.yaml_text import read_yaml

COMPANY = composed(Settings())
VOLUMES_OF_PARTS = volumes_of_parts(COMPANY)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_each_part_gets_its_own_secrets_and_keeps_them(tmp_path: Path) -> None:
    make_secrets(COMPANY, tmp_path)
    first = {part: contents(tmp_path / part) for part in VOLUMES_OF_PARTS}
    make_secrets(COMPANY, tmp_path)
    master = contents(tmp_path / MASTER)
    assert master.keys() == {*credentials.passwords(COMPANY.processes), "partner_keys.json"}
    for part, volume in VOLUMES_OF_PARTS.items():
        again = contents(tmp_path / part)
        for name in volume.secrets:
            assert again[name] == first[part][name] == master[name]
        assert again.keys() == {*volume.secrets} | {
            "rabbitmq": {"rabbitmq.conf", "definitions.json"},
            "alertmanager": {"alertmanager.yml"},
        }.get(part, set())


def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    make_secrets(COMPANY, tmp_path)
    for part, volume in {**VOLUMES_OF_PARTS}.items():
        folder = tmp_path / part
        assert folder.stat().st_mode & 0o777 == 0o700
        for path in folder.iterdir():
            assert path.stat().st_mode & 0o777 == 0o600
            assert path.stat().st_uid in {volume.user, tmp_path.stat().st_uid}


def test_the_broker_reads_its_users_from_where_they_are_mounted(tmp_path: Path) -> None:
    make_secrets(COMPANY, tmp_path)
    found = contents(tmp_path / "rabbitmq")
    assert f"load_definitions = {MOUNTED}/definitions.json" in found["rabbitmq.conf"]
    assert "listeners.tcp.default = 0.0.0.0:5672" in found["rabbitmq.conf"]
    definitions = json.loads(found["definitions.json"])
    assert {user["name"] for user in definitions["users"]} == {"shop_api", "crm_api", "mes_api", "monitoring"}
    secrets = contents(tmp_path / MASTER)
    assert not any(secrets[name] in found["definitions.json"] for name in secrets if name.startswith("broker_"))


def test_receivers_of_alerts_come_from_the_environment(tmp_path: Path) -> None:
    make_secrets(composed(Settings(alert_webhook_url="http://receiver:8080/")), tmp_path)
    document = read_yaml(contents(tmp_path / "alertmanager")["alertmanager.yml"])
    urls = [hook["url"] for receiver in document["receivers"] for hook in receiver.get("webhook_configs", [])]
    assert set(urls) == {"http://receiver:8080/"}


def test_databases_are_asked_where_their_containers_are() -> None:
    assert COMPANY.address("shop-db") == "shop-db:5432"
    assert COMPANY.address("mes-db") == "mes-db:5432"
    assert COMPANY.url("rabbitmq.management") == "http://rabbitmq:15672"
