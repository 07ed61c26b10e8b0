"""Whom the MES API's requests count for, as the company runs it: partners whose key the service itself has verified."""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from reduse.monitoring import companies
from reduse.watch.policies import service_settings
from reduse.wire import user_hash
from reduse.yaml_text import read_yaml
from tests.otlp_receiver import OtlpReceiver
from tests.services.company import PARTNER_KEYS, ROOT, Company, Service, service_environment
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server

KEY = "0123456789abcdef"
PARTNER = "partner-001"
JSON = {"content-type": "application/json"}
PART = {"material": "steel", "length_mm": 20, "width_mm": 20, "height_mm": 20, "quantity": 10}


class InstrumentedService(Service):
    """The same under `opentelemetry-instrument`."""

    def __init__(self, name: str, environment: dict[str, str], directory: Path) -> None:
        super().__init__(name, environment, directory)
        self.command = [str(Path(sys.executable).with_name("opentelemetry-instrument")), *self.command]


def native() -> str:
    """How the company's processes tell partners apart."""
    services = read_yaml((ROOT / "company" / "processes.yaml").read_text())["services"]
    (mes,) = (service for service in services if service["name"] == "mes-api")
    return str(mes["environment"]["REDUSE_USER_RESOLVERS"])


def composed() -> str:
    services = read_yaml((ROOT / "docker-compose.yml").read_text())["services"]
    return str(services["mes-api"]["environment"]["REDUSE_USER_RESOLVERS"])


def policies() -> dict[str, str]:
    """Of the company's file, as the service reads them."""
    services = companies.load(ROOT / "company" / "watch.yaml").services
    return dict(service_settings(next(each for each in services if each.name == "mes-api")))


@contextmanager
def mes_api(company: Company, directory: Path, endpoint: str) -> Iterator[Service]:
    environment = service_environment("mes_api", directory, company.mes_db.port, company.broker.port) | {
        "PATH": os.environ["PATH"],
        "OTEL_SERVICE_NAME": "mes-api",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_METRIC_EXPORT_INTERVAL": "60000",
        "REDUSE_USER_HASH_KEY": KEY,
        "REDUSE_USER_RESOLVERS": native(),
        **policies(),
    }
    service = InstrumentedService("mes_api", environment, directory)
    try:
        service.start()
        yield service
    finally:
        service.stop()


def test_invented_keys_are_nobodys_whatever_they_ask_for(company: Company, tmp_path: Path) -> None:
    absent = f"/partner/jobs/{uuid4()}"
    known = {"x-api-key": PARTNER_KEYS[PARTNER]}
    with OtlpReceiver() as receiver:
        with (
            mes_api(company, tmp_path, receiver.endpoint) as service,
            httpx.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
        ):
            answered = [
                client.post("/partner/price", json=PART, headers=known).status_code,
                client.get(absent, headers=known).status_code,
                client.post("/partner/price", json={}, headers=known).status_code,
                client.head("/partner/jobs/x", headers=known).status_code,
            ]
            assert answered == [200, 404, 422, 405]
            for number in range(3):
                invented = {"x-api-key": f"invented-{number}"}
                refused = [
                    client.head("/partner/jobs/x", headers=invented).status_code,
                    client.post("/partner/price", json=PART, headers=invented).status_code,
                    client.post("/partner/price", content=b"{", headers=invented | JSON).status_code,
                    client.get(absent, headers=invented).status_code,
                    client.get("/nowhere", headers=invented).status_code,
                    client.get("/jobs", headers=invented).status_code,
                    client.get("/healthz", headers=invented).status_code,
                ]
                assert refused == [405, 401, 422, 401, 404, 200, 200]
        users = Counter({user: count for user, count in receiver.user_counts().items() if count})
        requests = receiver.total("http.server.request.duration")
    named = {user: count for user, count in users.items() if user != "-"}
    assert named == {user_hash(KEY.encode(), PARTNER): 4}
    assert users.total() == requests >= 4 + 21


def test_both_ways_to_run_the_company_tell_partners_apart_by_verified_identity_alone() -> None:
    assert native() == composed() == "authenticated"


def test_partners_are_counted_by_the_policies_of_the_companys_file(company: Company, tmp_path: Path) -> None:
    known = {"x-api-key": PARTNER_KEYS[PARTNER]}
    with OtlpReceiver() as receiver:
        with (
            mes_api(company, tmp_path, receiver.endpoint) as service,
            httpx.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
        ):
            assert client.post("/partner/price", json=PART, headers=known).status_code == 200
            job = client.post("/partner/jobs", json={"parts": [PART]}, headers=known).json()["id"]
            for _ in range(2):
                assert client.get(f"/partner/jobs/{job}", headers=known).status_code == 200
            assert client.get("/jobs", headers=known).status_code == 200
        counts = Counter(
            {
                point.attributes.get("reduse.policy"): int(point.value)
                for point in receiver.named("reduse.user.request.duration")
                if point.attributes.get("user.hash") == user_hash(KEY.encode(), PARTNER)
            }
        )
    assert counts == {"price": 1, "jobs": 3, None: 1}
