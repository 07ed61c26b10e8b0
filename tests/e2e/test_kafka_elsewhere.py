"""On a Kafka that is there already, by TLS and with user and password, and with two workers, all is as on its own."""

from collections.abc import Iterator

import psutil
import pytest

from reduse.operation.access import AUTHORITY
from reduse.stack import security
from tests import kafka
from tests.e2e.counts import SERVICES, Counts, awaited_counts, settled_counts
from tests.e2e.stack import Stack, running_stack
from tests.ports import CANDIDATES
from tests.reference import ROWS

pytestmark = [pytest.mark.server, pytest.mark.e2e]

LOAD_SECONDS = 8
RATE = 30
# The second worker's metrics are on the port after it: both below those that other tests are given.
METRICS_PORT = CANDIDATES.start - 20


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("kafka")
    with kafka.running_broker(folder, secure=True) as broker:
        certificates, secrets = broker.settings.certificates_dir, broker.settings.secrets_dir
        password = folder / "password"
        # As people write it, with an end of line.
        password.write_text((secrets / security.kafka_password("agent")).read_text() + "\n")
        with running_stack(
            REDUSE_KAFKA="true",
            REDUSE_KAFKA_BROKERS=broker.address,
            REDUSE_KAFKA_WORKERS="2",
            REDUSE_KAFKA_TLS_CA_FILE=str(certificates / AUTHORITY),
            REDUSE_KAFKA_TLS_CERT_FILE=str(certificates / "agent.crt"),
            REDUSE_KAFKA_TLS_KEY_FILE=str(certificates / "agent.key"),
            REDUSE_KAFKA_USER="agent",
            REDUSE_KAFKA_PASSWORD_FILE=str(password),
            REDUSE_KAFKA_EXPORTS_TOPIC="elsewhere.exports",
            REDUSE_KAFKA_METRICS_TOPIC="elsewhere.metrics",
            REDUSE_PROCESSOR_METRICS_PORT=str(METRICS_PORT),
        ) as running:
            yield running


def test_every_row_is_live_and_counts_are_exact_though_a_worker_is_killed(stack: Stack) -> None:
    assert not (stack.settings.data_dir / "kafka").exists()
    assert stack.wait_for('count(up{job="reduse-processor"} == 1)', 2) == 2
    # Of exports, and as many of partials; the second worker to come has the group share them anew.
    partitions = 2 * stack.settings.kafka_partitions
    assert stack.wait_for("sum(reduse_processor_kafka_partitions)", partitions) == partitions
    status = stack.reduse("status").stdout
    assert "processor " in status
    assert "processor-2" in status
    before = settled_counts(stack)
    load = stack.start_load(LOAD_SECONDS, RATE)
    psutil.Process(stack.pid("processor-2")).kill()
    report = load.finish()
    sent = {name: report[name] for name in SERVICES}
    assert awaited_counts(stack, before, sent) == Counts(red=sent, per_user=sent, windows=sent)
    assert stack.checked() == ([row.name for row in ROWS], 0)
