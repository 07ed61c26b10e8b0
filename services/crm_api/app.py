"""`uvicorn crm_api.app:app`."""

from fastapi import FastAPI

from crm_api import orders
from crm_api.production import QUEUE, ProductionStatus
from foundation.consumer import Consumer
from foundation.database import Database
from foundation.service import create_service
from foundation.settings import BrokerSettings, DatabaseSettings, load_settings


def create_app(database_settings: DatabaseSettings, broker_settings: BrokerSettings) -> FastAPI:
    """The CRM API."""
    database = Database(database_settings, "crm-api")
    consumer = Consumer(QUEUE, ProductionStatus(database), broker_settings)
    return create_service("CRM API", database, [consumer], [orders.router])


app = create_app(load_settings(DatabaseSettings), load_settings(BrokerSettings))
