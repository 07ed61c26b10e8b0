"""A service that is to be kept busy gets CPU time before others, and is as nice as before afterwards."""

import os
import socket
import sys
from pathlib import Path

import pytest

from reduse.stack.drill.faults.priority import AHEAD, ahead_of_others
from tests.ports import free_port
from tests.process import Process

PROGRAM = """
import http.server, sys, threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def niceness(process: int) -> set[int]:
    return {os.getpriority(os.PRIO_PROCESS, thread) for thread in threads(process)}


def threads(process: int) -> list[int]:
    return [int(path.name) for path in Path(f"/proc/{process}/task").iterdir()]


@pytest.mark.slow
def test_all_threads_of_who_listens_are_ahead_until_the_block_ends(tmp_path: Path) -> None:
    port = free_port()
    with Process([sys.executable, "-c", PROGRAM, str(port)], tmp_path / "log") as process:
        process.wait_until(lambda: len(threads(process.pid)) == 2 and _answers(port))
        before, own = niceness(process.pid), os.getpriority(os.PRIO_PROCESS, 0)
        with ahead_of_others(f"http://127.0.0.1:{port}/"):
            assert niceness(process.pid) == ({AHEAD} if os.geteuid() == 0 else before)
            assert os.getpriority(os.PRIO_PROCESS, 0) == (AHEAD if os.geteuid() == 0 else own)
        assert niceness(process.pid) == before
        assert os.getpriority(os.PRIO_PROCESS, 0) == own


def test_of_a_port_where_nobody_listens_nothing_is_changed() -> None:
    with ahead_of_others(f"http://127.0.0.1:{free_port()}"):
        pass


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
