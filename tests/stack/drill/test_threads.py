"""What a fault does in threads of its own ends with the fault."""

import threading

import pytest

from reduse.stack.drill.threads import meanwhile


def test_no_thread_is_left_whatever_ends_the_block() -> None:
    begun = threading.Barrier(4)

    def work(ending: threading.Event) -> None:
        begun.wait(10)
        ending.wait(10)
        ended.append(ending.is_set())

    def interrupted() -> None:
        with meanwhile(work, threads=3):
            begun.wait(10)
            raise KeyboardInterrupt

    ended: list[bool] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert ended == [True] * 3
