"""What is predicted is what nginx rejects, with the snippet that is printed for it."""

import os
from collections import Counter
from pathlib import Path

import pytest

from reduse.limit import Limit, Period
from reduse.recommendation.observation import LimitEffect, Observation
from reduse.recommendation.snippets import Limiter as Software
from reduse.recommendation.snippets import snippet
from reduse.stack.packages import TEST_PACKAGES
from reduse.what_if.limiter import Limiter
from reduse.what_if.replay import replay
from tests.ports import free_port, listens
from tests.process import Process
from tests.what_if.limiters.schedule import BURST_SECONDS, LIMIT, SEEDS, TOLERANCE, Outcome, carry_out, names
from tests.what_if.recorded import Second, batch

NGINX = TEST_PACKAGES["nginx"]

pytestmark = [
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.skipif(not NGINX.exists(), reason="no nginx: install the package"),
]


def configuration(folder: Path, port: int) -> str:
    """The snippet in the http block, and a file to be had."""
    seen = Observation("mes-api", 0, 3600, 1, 3600, BURST_SECONDS, 10, 10, 36, 10, [])
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "\n".join(
        f"{kind}_temp_path {folder / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
{user}
daemon off;
worker_processes 1;
pid {folder / "nginx.pid"};
error_log {folder / "error.log"} crit;
events {{}}
http {{
access_log off;
keepalive_requests 100000;
{temporary}
{snippet(Software.NGINX, seen, LimitEffect(LIMIT, 0, 0, 0), "x-api-key")}
server {{ listen 127.0.0.1:{port}; root {folder / "served"}; }}
}}
"""


def carried_out(folder: Path) -> Outcome:
    port = free_port()
    (folder / "served").mkdir()
    (folder / "served" / "index.html").write_text("{}")
    (folder / "nginx.conf").write_text(configuration(folder, port))
    log = folder / "error.log"
    with Process([NGINX, "-p", folder, "-c", folder / "nginx.conf", "-e", log], log) as process:
        process.wait_until(lambda: listens(port))
        return carry_out(port)


def predicted(outcome: Outcome, seed: int) -> int:
    counts = Counter((int(at), number) for number, name in enumerate(names(seed)) for at in outcome.sent[name])
    start, end = min(counts)[0], max(counts)[0] + 1
    seconds = [
        Second(second, {(user, ""): count for (at, user), count in counts.items() if at == second})
        for second in range(start, end)
    ]
    limiter = Limiter(Limit(LIMIT, Period.SECOND), LIMIT * BURST_SECONDS)
    answer = replay([batch(seconds, start, end)], [limiter], service="s", first=start, start=start, end=end)
    return answer.effects[0].rejected


def test_nginx_rejects_what_is_predicted(tmp_path: Path) -> None:
    outcome = carried_out(tmp_path)
    for seed in SEEDS:
        rejected, foreseen = outcome.rejected_of(seed), predicted(outcome, seed)
        print(f"nginx, seed {seed}: {foreseen} predicted, {rejected} rejected, {foreseen / rejected - 1:+.2%}")  # noqa: T201
        assert foreseen == pytest.approx(rejected, rel=TOLERANCE)
