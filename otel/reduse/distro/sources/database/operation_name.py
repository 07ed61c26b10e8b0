"""`db.operation.name` with a bounded number of values.

Contrib's psycopg2 instrumentation takes the first word of a query as it stands: `SELECT` and `select` become two
series, every mistyped word one of its own, and `SELECT('x')` puts query text into the attribute.

Source: OpenTelemetry semantic conventions, "Database metrics"; the commands are PostgreSQL's.
"""

import re
from typing import Any

from wrapt import register_post_import_hook, wrap_function_wrapper

OTHER = "_OTHER"

_COMMANDS = """
    ABORT ALTER ANALYZE BEGIN CALL CHECKPOINT CLOSE CLUSTER COMMENT COMMIT COPY CREATE DEALLOCATE DECLARE DELETE
    DISCARD DO DROP END EXECUTE EXPLAIN FETCH GRANT IMPORT INSERT LISTEN LOAD LOCK MERGE MOVE NOTIFY PREPARE REASSIGN
    REFRESH REINDEX RELEASE RESET REVOKE ROLLBACK SAVEPOINT SECURITY SELECT SET SHOW START TABLE TRUNCATE UNLISTEN
    UPDATE VACUUM VALUES WITH
"""
COMMANDS = frozenset(_COMMANDS.split())

_FIRST_WORD = re.compile("[A-Za-z]*")


def known_operation(first_token: str) -> str:
    """The command that a query begins with, in capitals; OTHER for one that is none, nothing for nothing."""
    if not first_token:
        return ""
    word = _FIRST_WORD.match(first_token)
    command = word.group().upper() if word else ""
    return command if command in COMMANDS else OTHER


def bound_operation_names() -> None:
    """Have contrib's psycopg2 instrumentation name only known operations, on its metrics and its spans."""
    register_post_import_hook(_bound, "opentelemetry.instrumentation.psycopg2")


def _bound(instrumentation: Any) -> None:
    def get_operation_name(wrapped: Any, _tracer: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        return known_operation(wrapped(*args, **kwargs))

    wrap_function_wrapper(instrumentation.CursorTracer, "get_operation_name", get_operation_name)
