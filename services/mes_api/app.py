"""`uvicorn mes_api.app:app`."""

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware

from foundation.consumer import Consumer
from foundation.database import Database
from foundation.outbox import OutboxRelay
from foundation.service import create_service
from foundation.settings import BrokerSettings, DatabaseSettings, load_settings
from mes_api import jobs, partner_api
from mes_api.authentication import PartnerBackend, answer_undecided
from mes_api.intake import QUEUE, OrderIntake


def create_app(database_settings: DatabaseSettings, broker_settings: BrokerSettings) -> FastAPI:
    """The MES API."""
    database = Database(database_settings, "mes-api")
    relay = OutboxRelay(database, broker_settings)
    consumer = Consumer(QUEUE, OrderIntake(database, relay), broker_settings)
    return create_service(
        "MES API",
        database,
        [relay, consumer],
        [jobs.router, partner_api.router],
        relay=relay,
        middleware=[Middleware(AuthenticationMiddleware, backend=PartnerBackend(database), on_error=answer_undecided)],
    )


app = create_app(load_settings(DatabaseSettings), load_settings(BrokerSettings))
