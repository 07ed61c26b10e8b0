"""SQLAlchemy, with each driver: its operations are the driver's, and counted once."""

import asyncio
import traceback
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm, pool
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

# Six engines ask a new server two things each by SELECT and by SHOW, and five of them, which are psycopg's and
# psycopg2's, for a type. Four ask for a table twice, before they drop and create it.
OPERATIONS = {
    ("SELECT", None): 6 * 2 + 5 + 4 * 2 + 2 * 4 + 2 + 2 * 4,
    ("SHOW", None): 6 * 2,
    ("DROP", None): 3,
    ("CREATE", None): 4,
    ("INSERT", None): 2 + 2 * 2,
    ("UPDATE", None): 2,
    ("DELETE", None): 2,
    ("SELECT", "42703"): 4,
}


class Base(orm.DeclarativeBase):
    pass


class Thing(Base):
    __tablename__ = "orm_things"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]


def url(driver: str, dsn: str) -> Any:
    parts = dict(part.split("=") for part in dsn.split())
    return sa.URL.create(
        f"postgresql+{driver}", parts["user"], parts["password"], parts["host"], int(parts["port"]), parts["dbname"]
    )


def run(dsn: str) -> None:
    for driver in ("psycopg2", "psycopg"):
        engine = sa.create_engine(url(driver, dsn), pool_size=2, max_overflow=0, pool_timeout=0.05)
        synchronous(engine)
        engine.dispose()
        engine = sa.create_engine(url(driver, dsn), poolclass=pool.NullPool)
        with engine.connect() as connection:
            print(connection.execute(sa.text("SELECT 1")).scalar(), type(engine.pool).__qualname__)
    for driver in ("asyncpg", "psycopg"):
        asyncio.run(asynchronous(url(driver, dsn)))


def synchronous(engine: Any) -> None:
    print(type(engine).__qualname__, type(engine.pool).__qualname__, engine.dialect.driver)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with engine.connect() as connection:
        print(type(connection.connection.dbapi_connection), type(connection.connection.cursor()))
        print(connection.execute(sa.text("SELECT :a"), {"a": "x"}).scalar())
        connection.rollback()
    with orm.Session(engine) as session:
        session.add_all([Thing(id=number, name="thing") for number in range(3)])
        session.commit()
        print(session.scalars(sa.select(Thing.name).where(Thing.id == 1)).all())
        session.execute(sa.update(Thing).values(name="other"))
        session.execute(sa.delete(Thing).where(Thing.id == 2))
        session.commit()
        print(session.scalar(sa.select(sa.func.count()).select_from(Thing)))
        rows = session.execute(sa.select(Thing.id).order_by(Thing.id), execution_options={"yield_per": 1})
        print([row[0] for row in rows])
    first, second = engine.connect(), engine.connect()
    try:
        engine.connect()
    except sa.exc.TimeoutError as error:
        traceback.print_exc()
        print(type(error).__qualname__, error.code)
    print(engine.pool.status())
    first.close()
    second.close()
    with engine.connect() as connection:
        try:
            connection.execute(sa.text("SELECT nothing"))
        except sa.exc.ProgrammingError as error:
            traceback.print_exc()
            print(type(error.orig), getattr(error.orig, "pgcode", None) or error.orig.sqlstate)


async def asynchronous(address: Any) -> None:
    engine = create_async_engine(address, pool_size=2, max_overflow=0, pool_timeout=0.05)
    print(type(engine).__qualname__, type(engine.pool).__qualname__, engine.dialect.driver)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
        await connection.run_sync(Base.metadata.create_all)
    sessions = async_sessionmaker(engine, class_=AsyncSession)
    async with sessions() as session:
        session.add_all([Thing(id=number, name="thing") for number in range(3)])
        await session.commit()
        print((await session.scalars(sa.select(Thing.name).where(Thing.id == 1))).all())
        await session.execute(sa.insert(Thing), [{"id": number, "name": "more"} for number in range(3, 6)])
        await session.commit()
        result = await session.stream(sa.select(Thing.id).order_by(Thing.id))
        print([row[0] async for row in result])
    async with engine.connect(), engine.connect():
        try:
            await engine.connect()
        except sa.exc.TimeoutError as error:
            print(type(error).__qualname__, error.code)
        print(engine.pool.status())

    async def one() -> Any:
        async with sessions() as session:
            return await session.scalar(sa.text("SELECT 1"))

    print(await asyncio.gather(*(one() for _ in range(2))))
    async with engine.connect() as connection:
        try:
            await connection.execute(sa.text("SELECT nothing"))
        except sa.exc.ProgrammingError as error:
            print(repr(error)[:60])
    await engine.dispose()
