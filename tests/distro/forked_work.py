"""Serves requests, queries a database and sends messages: twice of each, then forks two ways, then twice again.

The forked child does three of each and ends as an interpreter does; the one of `multiprocessing` does four and ends
without running anything at exit.
"""

import asyncio
import multiprocessing
import os
import sys

import httpx
import pika
import psycopg2
from opentelemetry.metrics import get_meter

from tests.distro.example_app import app

worked = get_meter("forked_work").create_counter("work")


def work(times: int) -> None:
    worked.add(times)
    asyncio.run(serve(times))
    database = psycopg2.connect(os.environ["TEST_DATABASE"])
    with database, database.cursor() as cursor:
        for _ in range(times):
            cursor.execute("SELECT 1")
    database.close()
    connection = pika.BlockingConnection(pika.URLParameters(os.environ["TEST_BROKER"]))
    channel = connection.channel()
    for _ in range(times):
        channel.basic_publish(exchange="orders", routing_key="order.created", body=b"order")
    connection.close()


async def serve(requests: int) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        for _ in range(requests):
            await client.get("/plain", headers={"x-user": "ann"})


work(2)
child = os.fork()
if child == 0:
    work(3)
    sys.exit()
_, status = os.waitpid(child, 0)
process = multiprocessing.get_context("fork").Process(target=work, args=(4,))
process.start()
process.join()
work(2)
sys.exit(os.waitstatus_to_exitcode(status) or process.exitcode)
