"""What threads do for a consumer is processing, from a real broker's delivery to the settlement."""

import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.distro.backends import running_backends
from tests.distro.service import ROOT, SCRIPTS, environment, instrumented
from tests.otlp_receiver import OtlpReceiver
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def backends() -> Iterator[dict[str, str]]:
    with running_backends() as running:
        yield running


@pytest.mark.parametrize("kind", ["blocking", "select"])
@pytest.mark.parametrize("threads", ["one", "each"])
def test_work_in_threads_is_in_the_duration_and_its_errors_are_seen(
    backends: dict[str, str], threads: str, kind: str
) -> None:
    """A second in all, however many threads did it; the program prints and ends as without us."""
    program = [str(SCRIPTS / "python"), "-m", "tests.distro.sources.messaging.threaded_consumer", threads, kind]
    with OtlpReceiver() as receiver:
        variables = environment(receiver.endpoint, **backends)
        plain = subprocess.run(program, env=variables, cwd=ROOT, text=True, capture_output=True, check=True)
        begun = time.monotonic()
        process = instrumented(program, variables)
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
        took = time.monotonic() - begun
    assert (process.returncode, output) == (0, plain.stdout)
    points = receiver.latest("messaging.process.duration")
    assert {point.attributes.get("error.type"): point.value for point in points} == {None: 18, "rejected": 2}
    # No message is shorter than its work. Longer it is on a busy machine, but never by the wait for one thread, which
    # would make ten seconds of it, in less time.
    assert 1.0 <= sum(point.sum for point in points) < max(5.0, took)
