"""Threads and forked processes."""

import multiprocessing
import os
import sys
from threading import Thread
from typing import Any

import psycopg2
from psycopg2 import extras

OPERATIONS = {("SELECT", None): 4 * 25 + 3 + 2 + 1, ("INSERT", None): 4}


def work(connection: Any, times: int) -> None:
    for _ in range(times):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchall() == [(1,)]


def child(dsn: str, times: int) -> None:
    connection = psycopg2.connect(dsn, connection_factory=extras.RealDictConnection)
    with connection, connection.cursor() as cursor:
        for _ in range(times):
            cursor.execute("INSERT INTO things VALUES (1)")
    connection.close()


def run(dsn: str) -> None:
    connection = psycopg2.connect(dsn)
    threads = [Thread(target=work, args=(connection, 25)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work(connection, 3)
    process = multiprocessing.get_context("fork").Process(target=child, args=(dsn, 4))
    process.start()
    process.join()
    print(process.exitcode)
    work(connection, 2)
    connection.rollback()
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM things")
        print(cursor.fetchone())
    sys.stdout.flush()
    sys.stderr.flush()
    forked = os.fork()
    if not forked:
        print("child", flush=True)
        os._exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]))
    connection.close()
