"""A pool is named by what it connects to, and never by a user or a secret."""

import pytest

from reduse.distro.sources.database.pool_name import pool_name

SECRETS = {"user": "alice", "password": "secret"}


@pytest.mark.parametrize(
    ("parameters", "environment", "name"),
    [
        ({"host": "db", "port": 5433, "dbname": "shop"}, {}, "db:5433/shop"),
        ({"host": "db", "database": "shop"}, {}, "db:5432/shop"),
        ({"hostaddr": "10.0.0.1", "dbname": "shop"}, {}, "10.0.0.1:5432/shop"),
        ({"host": "/tmp", "dbname": "shop"}, {}, "/tmp:5432/shop"),  # noqa: S108 - a directory of sockets
        ({}, {"PGHOST": "db", "PGPORT": "6432", "PGDATABASE": "shop"}, "db:6432/shop"),
        ({"host": "db"}, {"PGHOST": "other", "PGUSER": "alice"}, "db:5432"),
        ({}, {}, "localhost:5432"),
        ({"dbname": "postgresql://alice:secret@db/shop"}, {}, "localhost:5432"),
        ({"dbname": "password=secret"}, {}, "localhost:5432"),
    ],
)
def test_server_port_and_database(parameters: dict[str, object], environment: dict[str, str], name: str) -> None:
    assert pool_name(SECRETS | parameters, environment) == name
    assert "secret" not in name
