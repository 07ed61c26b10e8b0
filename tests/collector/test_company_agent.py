"""The agent with what follows from a company's file: the collector takes it, and what it reads is right."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from psycopg2 import sql

from reduse.monitoring import agent
from reduse.monitoring.origin import Origin
from reduse.watch.reading import parse
from tests.collector.configuration import AGENT, AGENT_DOCKER
from tests.collector.running import Agent, environment
from tests.collector.scraping import values
from tests.otlp_receiver import GRPC, OtlpReceiver, Received
from tests.ports import free_port
from tests.postgres import Postgres, start_postgres
from tests.rabbitmq import RabbitMQ, start_rabbitmq

pytestmark = pytest.mark.server

ORIGIN = Origin("watch.yaml")
ODD = (
    "Orders DB",
    "it's",
    "Заказы №1",
    "a::b",
    "a/b",
    "#",
    "-",
    "true",
    "1e3",
    "x" * 200,
    "*",
)

NOTHING = "company: Bakery\nservices: [{name: oven}]\n"
TWO_BROKERS = """
company: Bakery
services: [{name: oven, namespace: east, container: "oven's 1"}]
brokers:
  - name: first
    management_url: https://first.example.org:15671
    password_file: first
    tls: {server_name: broker}
  - name: second of two
    management_url: ${env:SECOND:-https://second.example.org}
    password_file: /run/second
    vhosts: ["/", "a b", "Второй"]
    dead_letter_queues: ['^gone\\.(a|b)$', '\\$end$']
    retry_queues: ['later$']
    queues_without_consumer: [nightly]
    tls: {}
"""


def fifty() -> str:
    names = [*ODD, *(f"db-{number}" for number in range(50 - len(ODD)))]
    entries = [
        f'  - {{name: "{name}", endpoint: "db{number}.example.org:5432", username: "me {number}", '
        f'password_file: "passwords/{name}", databases: ["{name}", other], interval: {number % 10 + 1}s}}'
        for number, name in enumerate(names)
    ]
    return "\n".join(["company: Many", "databases:", *entries])


@pytest.mark.parametrize("text", [NOTHING, TWO_BROKERS, fifty()], ids=["one-service", "two-brokers", "fifty-databases"])
@pytest.mark.parametrize("files", [(AGENT,), (AGENT, AGENT_DOCKER)], ids=["native", "docker"])
def test_the_collector_takes_what_follows_from_any_company(
    otelcol: Path, tmp_path: Path, files: tuple[Path, ...], text: str
) -> None:
    rendered = tmp_path / "company.yaml"
    rendered.write_text(agent.document(parse(text), ORIGIN), encoding="utf-8")
    arguments = [f"--config={file}" for file in (*files, rendered)]
    result = subprocess.run(
        [otelcol, "validate", *arguments],
        env={"REDUSE_QUEUE_DIR": str(tmp_path / "queue")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr


PASSWORDS = {"first": "$$ ${env:HOME} 'x': \"y\" #", "second": "007", "broker": "[not yaml"}

LIVE = """
company: Bakery
databases:
  - name: Orders DB
    endpoint: 127.0.0.1:{first}
    username: the watcher
    password_file: passwords/first
    interval: 1s
  - name: Заказы №1
    endpoint: 127.0.0.1:${{env:SECOND_DATABASE}}
    password_file: passwords/second
    databases: [{wanted}]
    interval: 1s
brokers:
  - name: mail & more
    management_url: http://127.0.0.1:{broker}
    password_file: ${{env:REDUSE_WATCH_DIR}}/passwords/broker
    vhosts: [wanted, nowhere]
    dead_letter_queues: ['^lost\\$']
    interval: 1s
"""


@pytest.fixture(scope="module")
def databases() -> Iterator[tuple[Postgres, Postgres]]:
    """Two instances, each with a role of its own for the agent."""
    with ExitStack() as stack:
        servers = []
        for role, password in (("the watcher", PASSWORDS["first"]), ("monitoring", PASSWORDS["second"])):
            server = stack.enter_context(start_postgres())
            statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE pg_monitor")
            server.execute(statement.format(sql.Identifier(role), sql.Literal(password)), database="postgres")
            servers.append(server)
        first, second = servers
        yield first, second


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    folder = tmp_path_factory.mktemp("rabbitmq")
    users = dict.fromkeys(("shop_api", "crm_api", "mes_api", "monitoring"), PASSWORDS["broker"])
    with start_rabbitmq(folder, free_port(), free_port(), users, "collect_statistics_interval = 1000") as broker:
        for name in ("wanted", "other"):
            broker.put(f"/api/vhosts/{name}")
            broker.put(f"/api/permissions/{name}/administrator", {"configure": ".*", "write": ".*", "read": ".*"})
            broker.put(f"/api/permissions/{name}/monitoring", {"configure": "^$", "write": "^$", "read": "^$"})
            for queue in ("work", "lost$", "mine.dlq"):
                broker.put(f"/api/queues/{name}/{queue}", {"durable": True})
        yield broker


def newest(gateway: OtlpReceiver, service: str, name: str) -> dict[tuple[str, ...], float]:
    """The newest values of a metric of this service, of series that go on."""
    return values([point for point in gateway.latest(name) if point.service == service and point.recorded], name)


def test_databases_and_brokers_of_any_name_are_read_by_a_rendered_file_that_was_moved(
    otelcol: Path, tmp_path: Path, databases: tuple[Postgres, Postgres], broker: RabbitMQ
) -> None:
    first, second = databases
    wanted = "Заказы' 1"
    for name in (wanted, "left out"):
        second.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)), database="postgres")
    text = LIVE.format(first=first.port, broker=broker.management_port, wanted=f'"{wanted}"')
    company = tmp_path / "company"
    (company / "passwords").mkdir(parents=True)
    for name, password in PASSWORDS.items():
        if name != "second":
            (company / "passwords" / name).write_text(f"{password}\n", encoding="utf-8")
    rendered = tmp_path / "elsewhere" / "agent.yaml"
    rendered.parent.mkdir()
    rendered.write_text(agent.document(parse(text), ORIGIN), encoding="utf-8")
    variables = environment(tmp_path) | {
        "REDUSE_WATCH_DIR": str(company),
        "SECOND_DATABASE": str(second.port),
    }
    gateway = OtlpReceiver(protocol=GRPC, port=int(variables["REDUSE_GATEWAY_ENDPOINT"].rpartition(":")[2]))
    running = Agent(otelcol, tmp_path, variables, rendered)
    with gateway, ExitStack() as stack, broker.channel(vhost="wanted") as channel:
        for _ in range(3):
            stack.enter_context(closing(first.connect()))
        for queue, number in (("work", 2), ("lost$", 3), ("mine.dlq", 4)):
            for _ in range(number):
                channel.basic_publish("", queue, b"letter", mandatory=True)
        try:
            running.start()
            # A password that is not there costs only its own database, and is read when it is there.
            gateway.wait_for(lambda it: newest(it, "Заказы №1", "reduse.postgresql.up") == {("no_password",): 0})
            (company / "passwords" / "second").write_text(PASSWORDS["second"], encoding="utf-8")
            gateway.wait_for(lambda it: newest(it, "Заказы №1", "reduse.postgresql.up") == {(): 1})
            [(count,)] = first.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
                database="postgres",
            )
            gateway.wait_for(lambda it: newest(it, "Orders DB", "postgresql.backends") == {("postgres",): count})
            [(size,)] = second.execute(
                "SELECT pg_database_size(datname) FROM pg_database WHERE datname = %s", (wanted,), database="postgres"
            )
            [(others,)] = second.execute(
                "SELECT sum(pg_database_size(oid)) FROM pg_database WHERE NOT datistemplate AND datname <> %s",
                (wanted,),
                database="postgres",
            )
            gateway.wait_for(
                lambda it: (
                    newest(it, "Заказы №1", "postgresql.db_size") == {(wanted,): size, ("(other databases)",): others}
                )
            )
            # Queue, role, virtual host, state.
            letters = {
                ("work", "work", "wanted", "ready"): 2,
                ("lost$", "dead_letter", "wanted", "ready"): 3,
                ("mine.dlq", "dead_letter", "wanted", "ready"): 4,
            }
            gateway.wait_for(lambda it: ready(it.latest("rabbitmq.message.current")) == letters)
            readable = newest(gateway, "mail & more", "reduse.rabbitmq.vhost.readable")
            assert readable == {("wanted",): 1, ("nowhere",): 0}
        finally:
            running.kill()


def ready(points: list[Received]) -> dict[tuple[str, ...], float]:
    found = values([point for point in points if point.recorded], "rabbitmq.message.current")
    return {labels: value for labels, value in found.items() if labels[-1] == "ready"}


def test_an_agent_without_a_company_takes_what_services_send_and_measures_the_host(
    otelcol: Path, tmp_path: Path
) -> None:
    variables = environment(tmp_path)
    nothing = tmp_path / "nothing.yaml"
    nothing.write_text(agent.document(parse(NOTHING), ORIGIN), encoding="utf-8")
    for company in (nothing, AGENT):
        running = Agent(otelcol, tmp_path, variables, company)
        with OtlpReceiver(protocol=GRPC, port=int(variables["REDUSE_GATEWAY_ENDPOINT"].rpartition(":")[2])) as gateway:
            try:
                running.start()
                gateway.wait_for(lambda it: bool(it.named("system.cpu.time")))
            finally:
                running.kill()
