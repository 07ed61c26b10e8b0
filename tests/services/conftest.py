"""One company for all tests of the services: its servers take ten seconds to start."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.postgres import start_postgres
from tests.rabbitmq import start_rabbitmq
from tests.services.company import DATABASES, PARTNER_KEYS, PASSWORDS, Company, Service, service_environment


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Everything running and ready."""
    with ExitStack() as stack:

        def directory() -> Path:
            return tmp_path_factory.mktemp("company")

        shop_db = stack.enter_context(start_postgres())
        mes_db = stack.enter_context(start_postgres())
        shop_roles = {role: PASSWORDS[role] for role in ("shop_api", "crm_api", "monitoring")}
        shop_db.create_database("shop", DATABASES / "shop.sql", shop_roles)
        mes_roles = {role: PASSWORDS[role] for role in ("mes_api", "monitoring")}
        mes_db.create_database("mes", DATABASES / "mes.sql", mes_roles)
        mes_db.execute(
            "INSERT INTO partner (id, name, key_sha256)"
            " SELECT id, id, sha256(convert_to(key, 'UTF8')) FROM unnest(%s, %s) AS partner (id, key)",
            (list(PARTNER_KEYS), list(PARTNER_KEYS.values())),
            database="mes",
        )
        broker = stack.enter_context(start_rabbitmq(directory(), free_port(), free_port(), PASSWORDS))
        secrets = directory()

        def service(name: str, database_port: int) -> Service:
            environment = service_environment(name, secrets, database_port, broker.port)
            started = Service(name, environment, secrets)
            stack.callback(started.stop)
            started.start()
            return started

        running = Company(
            shop_db,
            mes_db,
            broker,
            secrets,
            shop=service("shop_api", shop_db.port),
            crm=service("crm_api", shop_db.port),
            mes=service("mes_api", mes_db.port),
        )
        for started in (running.shop, running.crm, running.mes):
            started.wait_until_ready()
        yield running
