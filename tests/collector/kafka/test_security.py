"""With security on: certificates on both sides, and a user with a password; who lacks one of them is refused."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from reduse.settings import secret_files
from reduse.stack import security
from reduse.store.client import StoreClient
from tests.collector import otlp, servers
from tests.collector.configuration import PROMETHEUS, read
from tests.collector.kafka.collectors import agent, gateway, send, send_bodies, shards
from tests.kafka import Broker, running_broker
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.server

TOKEN = "token-of-a-test"


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    # In a folder with letters that mean something to what reads its path.
    with running_broker(tmp_path_factory.mktemp("x") / "ein Ordner, fü%s r 日本 #;=x", secure=True) as started:
        yield started


def certificates_of(part: str, broker: Broker) -> dict[str, str]:
    folder = broker.settings.certificates_dir
    return {
        "REDUSE_TLS_CA_FILE": str(folder / "ca.crt"),
        "REDUSE_TLS_CERT_FILE": str(folder / f"{part}.crt"),
        "REDUSE_TLS_KEY_FILE": str(folder / f"{part}.key"),
    }


def queued(folder: Path) -> bytes:
    """All that is in the agent's queues."""
    return b"".join(file.read_bytes() for file in (folder / "queue").iterdir())


def test_the_agent_writes_and_the_gateway_reads(secure: Broker, otelcol: Path, folder: Path) -> None:
    settings = secure.settings
    (folder / "token").write_text(TOKEN)
    (folder / "credentials").write_text("cmVkdXNlOnNlY3JldA==")
    exports = {"secured": "mes-api/1"}
    trusted = grpc.composite_channel_credentials(
        grpc.ssl_channel_credentials((settings.certificates_dir / "ca.crt").read_bytes()),
        grpc.access_token_call_credentials(TOKEN),
    )
    with agent(
        otelcol, folder, secure, REDUSE_TOKEN_FILE=str(folder / "token"), **certificates_of("agent", secure)
    ) as started:
        send(started.port, exports, trusted)
        # This one stays in the queue for the gateway, which is not there.
        gauge = otlp.gauge("waits", time.time_ns(), [1.0])
        send_bodies(started.port, {otlp.export(otlp.resource("secured", gauge)): ""}, trusted)
        wait_until(
            lambda: shards(secure.read(settings.kafka_exports_topic), exports) == {"secured": {"mes-api/1"}},
            "the export",
        )
        # What a queue holds includes its call's metadata, and the token was among them.
        wait_until(lambda: b"waits" in queued(folder), "the point in the queue")
        assert TOKEN.encode() not in queued(folder)
    derived = otlp.export(otlp.resource("secured", otlp.gauge("reduse.user.rate", time.time_ns(), [7.0])))
    secure.put(settings.kafka_metrics_topic, derived)
    with (
        servers.prometheus(folder, {"storage": read(PROMETHEUS)["storage"]}) as store,
        gateway(
            otelcol,
            folder,
            secure,
            store.url,
            REDUSE_PROMETHEUS_CREDENTIALS_FILE=str(folder / "credentials"),
            **certificates_of("gateway", secure),
        ),
        StoreClient(store.url) as client,
    ):
        wait_until(lambda: client.query('reduse_user_rate{job="secured"}') != [], "the derived metric")


STRANGERS: dict[str, dict[str, str]] = {
    "a wrong password": {"sasl.password": "guessed"},
    "an unknown user": {"sasl.username": "nobody"},
    "no certificate": {"ssl.certificate.location": "", "ssl.key.location": ""},
    "plain text": {"security.protocol": "SASL_PLAINTEXT"},
    "no user": {"security.protocol": "SSL"},
}


def test_strangers_are_refused(secure: Broker) -> None:
    def let_in(change: dict[str, str]) -> bool:
        given = {name: value for name, value in (secure.client() | change).items() if value}
        try:
            AdminClient({**given, "log_level": 0}, error_cb=lambda _error: None).list_topics(
                timeout=5 if change else PATIENCE_SECONDS
            )
        except KafkaException:
            return False
        return True

    with ThreadPoolExecutor(len(STRANGERS) + 1) as pool:
        found = dict(zip(["ourselves", *STRANGERS], pool.map(let_in, [{}, *STRANGERS.values()]), strict=True))
    assert found == {"ourselves": True} | dict.fromkeys(STRANGERS, False)


def test_passwords_and_keys_are_the_owners_alone(secure: Broker) -> None:
    folder = secure.settings.data_dir / "kafka"
    for name in ("server.properties", "broker.pem"):
        assert (folder / name).stat().st_mode & 0o077 == 0
    part_passwords = {secret_files.read(secure.settings.secrets_dir, name) for name in security.KAFKA_PASSWORDS}
    assert len(part_passwords) == len(security.KAFKA_USERS)
