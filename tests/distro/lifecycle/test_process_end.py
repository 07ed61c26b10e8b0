"""What a child process did last arrives, in whichever way the child ends, and it ends as it would without us."""

import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.distro.backends import running_backends
from tests.distro.servers import ONLY_AT_THE_END
from tests.distro.service import ROOT, SCRIPTS, environment, instrumented
from tests.otlp_receiver import OtlpReceiver
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.server

CHILDREN = [str(SCRIPTS / "python"), "-m", "tests.distro.lifecycle.ending_children"]
TASKS = 12


@pytest.fixture(scope="module")
def backends() -> Iterator[dict[str, str]]:
    with running_backends() as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as started:
        yield started


def by_instance(receiver: OtlpReceiver, metric: str) -> list[int]:
    counts: Counter[str] = Counter()
    for point in receiver.latest(metric):
        counts[point.instance] += int(point.value)
    return sorted(counts.values())


def test_children_that_end_without_anything_at_exit_lose_nothing(receiver: OtlpReceiver) -> None:
    """Those of os.fork, multiprocessing, its pools and executors; each is an instance, and no other process is."""
    variables = environment(receiver.endpoint, **ONLY_AT_THE_END)
    plain = subprocess.run(CHILDREN, env=variables, cwd=ROOT, text=True, capture_output=True, check=True)
    process = instrumented(CHILDREN, variables)
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, output) == (0, plain.stdout)
    assert by_instance(receiver, "http.server.request.duration") == [1, 2, 4, 8, 16]
    assert receiver.user_counts().total() == 31


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT], ids=["warm", "cold"])
def test_the_workers_of_a_celery_pool_lose_nothing(
    receiver: OtlpReceiver, backends: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    """Their pool's parent ends them in its own way; it has done nothing itself, and is no instance."""
    variables = environment(receiver.endpoint, **ONLY_AT_THE_END, **backends)
    log = tmp_path / "worker.log"
    application = ["-A", "tests.distro.lifecycle.celery_tasks"]
    worker = instrumented(
        [str(SCRIPTS / "celery"), *application, "worker", "--concurrency=2", "--loglevel=info", f"--logfile={log}"],
        variables,
    )
    send = f"from tests.distro.lifecycle.celery_tasks import work\nfor _ in range({TASKS}): work.delay()"
    subprocess.run([str(SCRIPTS / "python"), "-c", send], env=variables, cwd=ROOT, check=True)
    wait_until(lambda: log.exists() and log.read_text().count(" succeeded in ") == TASKS, "the tasks' end")
    worker.send_signal(number)
    output, _ = worker.communicate(timeout=PATIENCE_SECONDS)
    assert sum(by_instance(receiver, "db.client.operation.duration")) == TASKS, output
    assert sum(by_instance(receiver, "messaging.client.sent.messages")) == TASKS
    workers = {point.instance for point in receiver.named("messaging.client.sent.messages")}
    assert {point.instance for point in receiver.named("process.cpu.time")} == workers
