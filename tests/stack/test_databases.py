"""What a killed PostgreSQL left behind does not keep the next one from starting, and a living one is left alone."""

import os
import shutil
from pathlib import Path

import pytest

from reduse.processes.model import DatabaseServer
from reduse.settings.stack import Settings
from reduse.stack import databases
from tests.process import Process

DATABASE = DatabaseServer(name="orders-db", port=5433)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock file with the process id of somebody else."""
    file = databases.data(DATABASE, Settings(state_dir=tmp_path)) / "postmaster.pid"
    file.parent.mkdir(parents=True)
    file.write_text(f"{os.getpid()}\n{file.parent}\n")
    return file


def test_a_lock_whose_process_is_another_program_now_is_removed(lock: Path, tmp_path: Path) -> None:
    databases.forget_dead_server(DATABASE, Settings(state_dir=tmp_path))
    assert not lock.exists()


def test_a_lock_is_kept_while_any_process_of_the_server_lives(lock: Path, tmp_path: Path) -> None:
    program = tmp_path / "postgres"
    shutil.copy("/bin/sleep", program)
    with Process([program, "600"], tmp_path / "log", directory=lock.parent):
        databases.forget_dead_server(DATABASE, Settings(state_dir=tmp_path))
        assert lock.exists()


def test_without_a_lock_there_is_nothing_to_forget(tmp_path: Path) -> None:
    databases.forget_dead_server(DATABASE, Settings(state_dir=tmp_path))
