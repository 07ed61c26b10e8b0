"""What services do with aio-pika, each with a queue of its own; prints the types and results that it sees.

The argument is the kind of connection: `connect` or `connect_robust`.
"""
# ruff: noqa: T201

import asyncio
import os
import sys
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import DeliveryError, QueueEmpty
from aio_pika.patterns import RPC

SECONDS = 0.05


async def fill(channel: AbstractChannel, name: str, times: int) -> Any:
    queue = await channel.declare_queue(name, auto_delete=True)
    for number in range(times):
        confirmed = await channel.default_exchange.publish(aio_pika.Message(str(number).encode()), routing_key=name)
        print(type(confirmed).__name__)
    return queue


async def consume(channel: AbstractChannel) -> None:
    """Six in callbacks: acknowledged, rejected by an exception in `process`, given back, and by hand afterwards."""
    queue = await fill(channel, "callbacks", 5)
    done: asyncio.Queue[str] = asyncio.Queue()
    later: list[AbstractIncomingMessage] = []

    async def on_message(message: AbstractIncomingMessage) -> None:
        await asyncio.sleep(SECONDS)
        if message.body == b"3" and not message.redelivered:
            await message.nack(requeue=True)
            return
        if message.body == b"4":
            later.append(message)
            done.put_nowait("later")
            return
        try:
            async with message.process():
                if message.body == b"2":
                    raise LookupError
        finally:
            done.put_nowait(type(message).__name__)

    tag = await queue.consume(on_message)
    print(type(tag).__name__, sorted([await done.get() for _ in range(5)]))
    await later[0].ack()
    await queue.cancel(tag)


async def iterate(channel: AbstractChannel) -> None:
    """Twenty, one after another, all of which the broker has sent ahead."""
    queue = await fill(channel, "iterated", 20)
    seen = 0
    async with queue.iterator() as messages:
        async for message in messages:
            await asyncio.sleep(SECONDS)
            if seen == 19:
                await message.reject(requeue=False)
                break
            await message.ack()
            seen += 1
    print("iterated", seen)


async def get(channel: AbstractChannel) -> None:
    queue = await fill(channel, "gotten", 1)
    message = await queue.get()
    await message.ack()
    print(type(message).__name__, await queue.get(fail=False))
    try:
        await queue.get()
    except QueueEmpty as error:
        print(type(error).__name__)


async def call(channel: AbstractChannel) -> None:
    rpc = await RPC.create(channel)

    async def double(*, number: int) -> int:
        return 2 * number

    await rpc.register("double", double, auto_delete=True)
    print(await rpc.proxy.double(number=21))
    await rpc.close()


async def fail(connection: Any) -> None:
    channel = await connection.channel(on_return_raises=True)
    try:
        await channel.default_exchange.publish(aio_pika.Message(b""), routing_key="nowhere", mandatory=True)
    except DeliveryError as error:
        print(type(error).__name__)
    await channel.close()


async def main() -> None:
    connection = await getattr(aio_pika, sys.argv[1])(os.environ["TEST_BROKER"])
    async with connection:
        channel = await connection.channel()
        print(type(channel).__name__)
        await consume(channel)
        await iterate(channel)
        await get(channel)
        await call(channel)
        await fail(connection)


asyncio.run(main())
