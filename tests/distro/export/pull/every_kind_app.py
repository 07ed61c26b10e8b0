"""An application that also records what the instrumentations of databases and brokers do, by name, kind and unit."""

from fastapi import FastAPI
from opentelemetry.metrics import get_meter

app = FastAPI()
meter = get_meter("stands.for.instrumentations")
queries = meter.create_histogram("db.client.operation.duration", unit="s")
connections = meter.create_up_down_counter("db.client.connection.count", unit="{connection}")
rows = meter.create_histogram("db.client.response.returned_rows", unit="{row}")
sent = meter.create_counter("messaging.client.sent.messages", unit="{message}")
size = meter.create_gauge("process.memory.usage.limit", unit="By")
share = meter.create_gauge("share.of.something", unit="1")


@app.get("/plain")
async def read_plain() -> str:
    queries.record(0.002, {"db.operation.name": "SELECT"})
    connections.add(1, {"db.client.connection.state": "idle"})
    rows.record(3)
    sent.add(1, {"messaging.destination.name": "orders"})
    size.set(1000)
    share.set(0.5)
    return "yes"
