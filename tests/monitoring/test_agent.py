"""What the agent reads by itself follows from the company's file."""

import re
from pathlib import Path

from reduse.monitoring import agent
from reduse.monitoring.origin import Origin
from reduse.watch.reading import parse
from reduse.yaml_text import read_yaml

ORIGIN = Origin("watch.yaml")
CONFIG = Path(__file__).parents[2] / "collector/receivers/rabbitmq/config.go"

BOTH = """
company: Bakery
services:
  - {name: oven, container: oven-1}
  - {name: shop, namespace: sales, container: till 1}
  - {name: bare}
databases:
  - name: Orders DB
    endpoint: ${env:ORDERS:-db.example.org:5432}
    username: the watcher
    password_file: secrets/orders
    databases: [orders, "Заказы", "it's"]
    interval: 10s
    tls: {ca_file: ca.crt, cert_file: /etc/client.crt, key_file: /etc/client.key, server_name: db}
brokers:
  - name: rabbit
    management_url: https://rabbit.example.org:15671/
    password_file: /run/rabbit
    vhosts: [/, two]
    dead_letter_queues: ['^failed\\.', 'gone$']
    retry_queues: [again]
    queues_without_consumer: [nightly]
    interval: 500ms
    tls: {}
"""


def test_databases_and_brokers_come_with_all_that_their_entries_say() -> None:
    configuration = read_yaml(agent.document(parse(BOTH), ORIGIN))
    [(database, settings), (broker, of_broker)] = configuration["receivers"].items()
    assert re.fullmatch(r"postgresql/Orders_DB-[0-9a-f]{8}", database)
    assert settings == {
        "service": "Orders DB",
        "endpoint": "${env:ORDERS:-db.example.org:5432}",
        "username": "the watcher",
        "password_file": "${env:REDUSE_WATCH_DIR:-.}/secrets/orders",
        "databases": ["orders", "Заказы", "it's"],
        "collection_interval": "10s",
        "timeout": "8s",
        "initial_delay": "0s",
        "tls": {
            "insecure": False,
            "ca_file": "${env:REDUSE_WATCH_DIR:-.}/ca.crt",
            "cert_file": "/etc/client.crt",
            "key_file": "/etc/client.key",
            "server_name_override": "db",
        },
    }
    assert broker == "rabbitmq/rabbit"
    assert of_broker == {
        "service": "rabbit",
        "endpoint": "https://rabbit.example.org:15671",
        "username": "monitoring",
        "password_file": "/run/rabbit",
        "vhosts": ["/", "two"],
        # The receiver's own pattern would be gone otherwise.
        "dead_letter_queues": [agent.DEAD_LETTER_QUEUES.replace("$", "$$"), "^failed\\.", "gone$$"],
        "retry_queues": ["again"],
        "consumerless_queues": ["nightly"],
        "collection_interval": "500ms",
        "timeout": "400ms",
        "initial_delay": "0s",
        "tls": {"insecure": False},
    }
    pipelines = configuration["service"]["pipelines"]
    assert {name: pipeline["receivers"] for name, pipeline in pipelines.items()} == {
        "metrics/databases": [database],
        "metrics/brokers": [broker],
    }


def test_the_pattern_that_is_kept_is_that_of_the_receiver() -> None:
    [pattern] = re.findall(r"DefaultDeadLetterQueues = `(.*)`", CONFIG.read_text(encoding="utf-8"))
    assert pattern == agent.DEAD_LETTER_QUEUES


def test_what_is_left_out_keeps_the_receivers_own_default() -> None:
    text = """
company: Bakery
databases: [{name: db, endpoint: "127.0.0.1:5432", password_file: db}]
brokers: [{name: mq, management_url: "http://127.0.0.1:15672", password_file: mq}]
"""
    database, broker = agent.configuration(parse(text))["receivers"].values()
    assert database["tls"] == {"insecure": True}
    assert database.keys() == {
        *("service", "endpoint", "username", "password_file"),
        *("collection_interval", "timeout", "initial_delay", "tls"),
    }
    assert broker.keys() == database.keys() - {"tls"}


def test_a_company_of_services_has_nothing_that_the_agent_reads() -> None:
    company = parse("company: Bakery\nservices: [{name: oven}]")
    assert agent.configuration(company) == {}
    assert read_yaml(agent.document(company, ORIGIN)) == {}


def test_containers_of_services_get_their_names_and_each_only_one() -> None:
    [[statements]] = [
        [each["statements"] for each in processor["metric_statements"]]
        for processor in agent.configuration(parse(BOTH))["processors"].values()
    ]
    # The first keeps what all others compare with.
    assert statements[0].startswith('set(resource.attributes["container.service"], ')
    named = re.findall(
        r'set\(resource\.attributes\["(service\.\w+)"\], "(\w+)"\).* == "([^"]+)"$', "\n".join(statements), re.MULTILINE
    )
    assert named == [
        ("service.name", "oven", "oven-1"),
        ("service.name", "shop", "till 1"),
        ("service.namespace", "sales", "till 1"),
    ]


def test_all_files_are_known_once_and_can_be_elsewhere() -> None:
    company = parse(BOTH)
    files = agent.files_of(company)
    assert files == ("secrets/orders", "ca.crt", "/etc/client.crt", "/etc/client.key", "/run/rabbit")
    moved = agent.document(company, ORIGIN, lambda path: f"/elsewhere/{files.index(path)}")
    assert re.findall(r"_file: (\S+)", moved) == [f"/elsewhere/{number}" for number in range(5)]


def test_the_same_company_has_the_same_document() -> None:
    assert agent.document(parse(BOTH), ORIGIN) == agent.document(parse(BOTH), ORIGIN)
    assert agent.document(parse(BOTH), ORIGIN).startswith("# Generated from watch.yaml by `./reduse render`.")
