"""`db.client.connection.pool.name`: server, port and database, without a user or a secret.

Source: OpenTelemetry semantic conventions, "Database metrics": `server.address:server.port/db.namespace`.
"""

from collections.abc import Mapping

# libpq's, where a connection string and the environment leave them out. Its default host is a socket of this machine.
DEFAULT_HOST = "localhost"
DEFAULT_PORT = "5432"


def pool_name(parameters: Mapping[str, object], environment: Mapping[str, str]) -> str:
    """The name of a pool with these connection parameters of libpq.

    A database that is not named is left out: libpq would take the user's name for it.
    """
    host = (
        _plain(parameters.get("host"))
        or _plain(parameters.get("hostaddr"))
        or _plain(environment.get("PGHOST"))
        or DEFAULT_HOST
    )
    port = _plain(parameters.get("port")) or _plain(environment.get("PGPORT")) or DEFAULT_PORT
    database = (
        _plain(parameters.get("dbname")) or _plain(parameters.get("database")) or _plain(environment.get("PGDATABASE"))
    )
    return f"{host}:{port}/{database}" if database else f"{host}:{port}"


def _plain(value: object) -> str | None:
    """The value as text, unless it is a connection string itself: that may hold a password."""
    text = "" if value is None else str(value)
    return None if not text or "=" in text or "://" in text else text
