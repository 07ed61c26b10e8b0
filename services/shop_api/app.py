"""`uvicorn shop_api.app:app`."""

from fastapi import FastAPI

from foundation.database import Database
from foundation.outbox import OutboxRelay
from foundation.service import create_service
from foundation.settings import BrokerSettings, DatabaseSettings, load_settings
from shop_api import catalogue, orders


def create_app(database_settings: DatabaseSettings, broker_settings: BrokerSettings) -> FastAPI:
    """The Shop API."""
    database = Database(database_settings, "shop-api")
    relay = OutboxRelay(database, broker_settings)
    return create_service("Shop API", database, [relay], [catalogue.router, orders.router], relay=relay)


app = create_app(load_settings(DatabaseSettings), load_settings(BrokerSettings))
