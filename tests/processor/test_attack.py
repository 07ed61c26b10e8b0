"""Ten million invented users in a minute: bounded memory, exact totals, and the true users still stand out."""

import re
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.attack.invented import invented
from tests.processor.exports import SECOND, point, request
from tests.processor.process import Client, running
from tests.processor.sink import Sink
from tests.waiting import wait_until

pytestmark = pytest.mark.server

SECONDS = 60
INVENTED_IN_A_SECOND = 166_700
SERVICE, INSTANCE = "mes-api", "one"
# A true user's requests in a second, by pseudonym. 20 of them, as many as have a series of their own.
TRUE_USERS = {f"{number:016x}": 100 * (number + 1) for number in range(20)}
# Far fewer than are invented.
WINDOW_USERS = 50_000
USERS = 200_000
# Of memory of its own: pages of programs and libraries come and go with what else the machine reads.
MEMORY_BYTES = 300 << 20

_SEED = 7


def own_memory(pid: int) -> int:
    """Bytes that are of no file (proc_pid_status(5), RssAnon)."""
    found = re.search(r"^RssAnon:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


def test_ten_million_invented_users_in_a_minute_take_no_more_than_their_bound(tmp_path: Path) -> None:
    begin = int(time.time() - SECONDS - 5) * SECOND
    random = np.random.default_rng(_SEED)
    with (
        Sink() as sink,
        running(tmp_path / "state", sink.port, WINDOW_USERS=str(WINDOW_USERS), ACTIVE_USERS=str(USERS)) as processor,
    ):
        client = Client(processor.port)
        memory = []
        for second in range(SECONDS):
            start = begin + second * SECOND
            for body in invented(start, INVENTED_IN_A_SECOND, random, SERVICE, INSTANCE):
                client.send_bytes(body)
            true = [point(start, start + SECOND, count, user) for user, count in TRUE_USERS.items()]
            client.send(request([*true, point(start, start + SECOND, 3)]))
            memory.append(own_memory(processor.process.pid))
        sent = {"user": SECONDS * (INVENTED_IN_A_SECOND + sum(TRUE_USERS.values())), "anonymous": 3 * SECONDS}
        wait_until(lambda: sink.last("reduse.user.requests") == sent | {"overflow": 0}, "all windows")
        dropped = processor.metric("reduse_processor_users_dropped_total")
        client.close()

    rates = sink.samples("reduse.user.rate")
    ends = [begin + (second + 1) * SECOND for second in range(SECONDS)]
    for user, count in TRUE_USERS.items():
        assert [rates[(("service", SERVICE), ("user", user))][end].as_double for end in ends] == [count] * SECONDS
    others = rates[(("service", SERVICE), ("user", "other"))]
    assert [others[end].as_double for end in ends] == [INVENTED_IN_A_SECOND] * SECONDS
    assert len(rates) == len(TRUE_USERS) + len(["other", "anonymous"])
    assert dropped > 0
    assert max(memory) < MEMORY_BYTES, [each >> 20 for each in memory]
