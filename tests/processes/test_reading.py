"""The file of a company's processes: what it gives, and every mistake of it at once."""

from pathlib import Path

import pytest

from reduse.errors import SettingError
from reduse.processes import own_settings, reading
from reduse.watch.mistakes import WatchError

ROOT = Path(__file__).parents[2]
SEVERAL = """
databases:
  - {name: orders-db, port: 6001, databases: [{name: orders}], roles: [orders-api, monitoring]}
brokers:
  - &broker
    name: eu.broker
    port: 6002
    management_port: 6003
    distribution_port: 6004
    names_port: 6005
    definitions: broker.json
    users: [{name: "orders api"}]
  - {<<: *broker, name: us.broker, port: 7002, management_port: 7003, distribution_port: 7004, names_port: 7005}
services:
  - {name: worker, command: [python, worker.py, "${address:eu.broker}", "${secret:eu_broker_orders_api}"]}
"""


def wrong(text: str) -> str:
    with pytest.raises(WatchError) as caught:
        reading.parse(text)
    return str(caught.value)


def test_a_company_without_the_file_has_no_processes(tmp_path: Path) -> None:
    assert reading.beside(tmp_path / "watch.yaml") == reading.NONE
    assert list(reading.NONE.servers) == []


def test_settings_and_secrets_follow_from_names() -> None:
    processes = reading.parse(SEVERAL)
    settings = [setting.name for setting in own_settings.all_settings(processes)]
    assert settings[:3] == ["REDUSE_ORDERS_DB_PORT", "REDUSE_EU_BROKER_PORT", "REDUSE_EU_BROKER_MANAGEMENT_PORT"]
    assert processes.passwords == (
        *("orders_db_superuser", "orders_db_orders_api", "orders_db_monitoring"),
        *("eu_broker_orders_api", "us_broker_orders_api"),
    )
    assert [broker.node_name for broker in processes.brokers] == ["eu_broker@localhost", "us_broker@localhost"]


def test_the_reference_companys_settings_and_secrets_keep_their_names() -> None:
    """An installation that is there goes on working."""
    processes = reading.beside(ROOT / "company" / "watch.yaml")
    assert {setting.name: setting.default for setting in own_settings.all_settings(processes)} == {
        "REDUSE_SHOP_DB_PORT": 5433,
        "REDUSE_MES_DB_PORT": 5434,
        "REDUSE_BROKER_PORT": 5672,
        "REDUSE_BROKER_MANAGEMENT_PORT": 15672,
        "REDUSE_BROKER_DISTRIBUTION_PORT": 25672,
        "REDUSE_BROKER_NAMES_PORT": 4370,
        "REDUSE_SHOP_API_PORT": 8001,
        "REDUSE_CRM_API_PORT": 8002,
        "REDUSE_MES_API_PORT": 8003,
        "REDUSE_PARTNERS": 200,
    }
    assert set(processes.passwords) == {
        *("shop_db_superuser", "shop_db_shop_api", "shop_db_crm_api", "shop_db_monitoring"),
        *("mes_db_superuser", "mes_db_mes_api", "mes_db_monitoring"),
        *("broker_shop_api", "broker_crm_api", "broker_mes_api", "broker_monitoring"),
    }
    assert processes.brokers[0].node_name == "reduse@localhost"


def test_every_mistake_is_a_line() -> None:
    told = wrong("databases: [{name: db, prot: 1}]\nservices: [{name: api, command: []}]\n").splitlines()
    assert len(told) == 4
    assert any("databases[0].prot" in line and "did you mean `port`" in line for line in told)
    assert any("databases[0].port" in line and "is missing" in line for line in told)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services: [{name: gateway, command: [x]}]", "`gateway` is a part of the pipeline already"),
        ("services: [{name: a-b, command: [x]}, {name: a_b, command: [x]}]", "give it a `prefix`"),
        ("databases: [{name: a, port: 1}, {name: b, port: 1}]", "port 1 is that of b and of a"),
        ('services: [{name: api, command: ["${port:db}"]}]', "no process with a port is called `db`"),
        ('services: [{name: api, command: ["${secret:db_api}"]}]', "no secret is called `db_api`"),
        ('services: [{name: api, command: ["${sekret:x}"]}]', "did you mean `secret`"),
        ('services: [{name: api, command: ["${setting:REDUSE_X}"]}]', "no setting of this file is called `REDUSE_X`"),
        ("set_up: [{name: x, command: [x], service: api}]", "no service is called `api`"),
        ("services: [{name: a b, command: [x]}]", "letters, digits, dots, dashes"),
    ],
)
def test_what_does_not_fit_together_is_said(text: str, said: str) -> None:
    assert said in wrong(text)


def test_values_come_from_the_environment_and_are_checked() -> None:
    processes = reading.parse(SEVERAL)
    assert own_settings.values(processes, {"REDUSE_ORDERS_DB_PORT": "7000"})["REDUSE_ORDERS_DB_PORT"] == 7000
    assert own_settings.values(processes, {"REDUSE_ORDERS_DB_PORT": ""})["REDUSE_ORDERS_DB_PORT"] == 6001
    for value in ("many", "0", "70000"):
        with pytest.raises(SettingError, match=f"REDUSE_ORDERS_DB_PORT='{value}'"):
            own_settings.values(processes, {"REDUSE_ORDERS_DB_PORT": value})
