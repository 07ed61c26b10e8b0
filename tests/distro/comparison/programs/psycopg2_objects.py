"""What programs do with connections and cursors beside querying: sessions, notices, copies, names, weak references."""

import copy
import gc
import inspect
import pickle
import re
import weakref
from collections.abc import Callable
from typing import Any

import psycopg2
from psycopg2 import extensions, extras

OPERATIONS = {
    ("SELECT", None): 6,
    ("LISTEN", None): 1,
    ("NOTIFY", None): 1,
    ("UNLISTEN", None): 1,
    ("DO", None): 1,
    ("INSERT", None): 3,
    ("SHOW", None): 2,
    ("_OTHER", None): 1,
}


def outcome(call: Callable[..., Any], *args: Any) -> str:
    """What a call gives or raises, without addresses."""
    try:
        result = repr(call(*args))
    except Exception as error:
        result = repr(error)
    return re.sub(r"0x[0-9a-f]+|port=\d+|dbname=\w+", "", result)


def run(dsn: str) -> None:
    connection = psycopg2.connect(dsn)
    of_sessions(connection)
    of_names(connection)
    of_references(dsn)
    of_transactions(dsn)
    replication(dsn)
    connection.close()
    print(outcome(repr, connection))


def of_sessions(connection: Any) -> None:
    """3 selects; listen, notify, unlisten; a notice."""
    connection.set_session(autocommit=True, readonly=False)
    print(connection.autocommit, connection.isolation_level, connection.readonly, connection.status)
    cursor = connection.cursor()
    cursor.execute("LISTEN channel")
    cursor.execute("NOTIFY channel, 'payload'")
    connection.poll()
    print([(note.channel, note.payload) for note in connection.notifies])
    cursor.execute("UNLISTEN channel")
    cursor.execute("DO $$ BEGIN RAISE NOTICE 'noticed'; END $$")
    print(connection.notices)
    connection.set_client_encoding("LATIN1")
    cursor.execute("SELECT 'é'")
    print(cursor.fetchone(), connection.encoding)
    connection.set_client_encoding("UTF8")
    cursor.execute("SELECT 1")
    print(connection.get_parameter_status("server_encoding"), connection.get_transaction_status())
    connection.reset()
    connection.autocommit = False
    large = connection.lobject(0, "wb")
    print(large.write(b"large"), large.closed, type(large).__qualname__)
    large.close()
    connection.rollback()
    cursor.execute("SELECT 1")
    connection.cancel()
    connection.commit()


def of_names(connection: Any) -> None:
    cursor = connection.cursor()
    for thing in (extensions.cursor, extensions.connection, extras.RealDictCursor):
        print(repr(thing), thing.__module__, thing.__name__, thing.__qualname__, thing.__doc__)
        print(pickle.loads(pickle.dumps(thing)) is thing, inspect.isclass(thing), callable(thing))
    for name in ("execute", "executemany", "callproc", "copy_expert", "copy_from", "copy_to", "cursor", "poll"):
        owner = extensions.connection if hasattr(extensions.connection, name) else extensions.cursor
        print(name, getattr(owner, name).__name__, getattr(owner, name).__doc__)
    print(outcome(repr, cursor), outcome(repr, connection), outcome(str, cursor))
    for thing in (cursor, connection):
        print(outcome(copy.copy, thing), outcome(copy.deepcopy, thing), outcome(pickle.dumps, thing))
        print(outcome(vars, thing), hasattr(thing, "__dict__"), outcome(hash, thing) == outcome(hash, thing))
        print(outcome(setattr, thing, "execute", None), outcome(delattr, thing, "cursor"))
        print(sorted(name for name in dir(thing) if not name.startswith("__")))
    print(psycopg2.connect.__name__, psycopg2.connect.__module__, inspect.signature(psycopg2.connect))
    print(inspect.isfunction(psycopg2.connect), psycopg2.Error.__module__, psycopg2._connect.__name__)


def of_references(dsn: str) -> None:
    """2 selects; nobody keeps a connection or a cursor."""
    connection = psycopg2.connect(dsn)
    cursor = connection.cursor()
    cursor.execute("SELECT 1")
    references = [weakref.ref(connection), weakref.ref(cursor)]
    print(gc.is_tracked(cursor), [reference() is not None for reference in references])
    del cursor
    print([reference() is not None for reference in references])
    del connection
    print([reference() is not None for reference in references])
    psycopg2.connect(dsn).cursor().execute("SELECT 1")


def of_transactions(dsn: str) -> None:
    """3 inserts, a select; two-phase commit is refused by this server."""
    connection = psycopg2.connect(dsn)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO things VALUES (1)")
            raise KeyError("on purpose")
    except KeyError as error:
        print(repr(error))
    with connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO things VALUES (2)")
    cursor = connection.cursor()
    cursor.execute("SELECT a FROM things")
    print(cursor.fetchall(), connection.info.transaction_status)
    connection.rollback()
    identity = connection.xid(1, "global", "branch")
    connection.tpc_begin(identity)
    connection.cursor().execute("INSERT INTO things VALUES (3)")
    print(outcome(connection.tpc_prepare), outcome(connection.tpc_rollback))
    connection.close()


def replication(dsn: str) -> None:
    """A statement of replication, and what settings it has."""
    connection = psycopg2.connect(dsn, connection_factory=extras.LogicalReplicationConnection)
    cursor = connection.cursor()
    cursor.execute("IDENTIFY_SYSTEM")
    print(len(cursor.fetchone()), type(connection).__qualname__, type(cursor).__qualname__)
    print(isinstance(connection, extensions.connection), isinstance(cursor, extensions.cursor))
    print(issubclass(extras.PhysicalReplicationConnection, extensions.connection))
    for factory in (None, extras.ReplicationCursor):
        with connection.cursor(cursor_factory=factory) as other:
            other.execute("SHOW server_encoding")
            print(other.fetchone(), type(other).__qualname__)
    connection.close()
