"""A company of which only the pipeline is started, beside the reference company on the same machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reduse.settings.stack import Settings
from tests.e2e.stack import START_SECONDS, Stack, environment_on_free_ports, processes_of, state_folder
from tests.waiting import wait_until

pytestmark = [pytest.mark.server, pytest.mark.e2e]

WATCH = """
company: Lantern
services:
  - {name: lantern-api, title: Lantern}
"""
PIPELINE = {"agent", "alertmanager", "console", "gateway", "processor", "prometheus"}


def test_the_pipeline_alone_is_started_and_both_companies_go_on(stack: Stack, tmp_path: Path) -> None:
    watch = tmp_path / "watch.yaml"
    watch.write_text(WATCH)
    with state_folder() as state:
        environment = environment_on_free_ports(state)

        def reduse(*arguments: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "reduse.cli", *arguments],
                env=environment,
                cwd=Settings().root,
                capture_output=True,
                text=True,
                timeout=START_SECONDS,
                check=False,
            )

        up = reduse("up", "--watch", str(watch), "--detach")
        assert up.returncode == 0, up.stdout + up.stderr
        parts = {part["name"] for part in json.loads(reduse("status", "--json").stdout)}
        assert parts - {"grafana"} == PIPELINE
        assert not (state / "data" / "shop-db").exists()

        # Commands are about the company that was started, without being told again.
        settings = {each["name"]: each for each in json.loads(reduse("settings", "--json").stdout)}
        assert settings["REDUSE_WATCH"]["value"] == str(watch)
        drills = reduse("drill").stdout
        assert "agent-killed" in drills
        assert "consumer-stopped" not in drills

        wait_until(lambda: stack.reduse("check").returncode == 0, "live rows beside the other company")
        assert {part["name"] for part in json.loads(stack.reduse("status", "--json").stdout)} > PIPELINE
        assert reduse("down").returncode == 0
        assert processes_of(state) == []
    wait_until(lambda: stack.reduse("check").returncode == 0, "live rows after the other company")


def test_every_mistake_of_its_file_is_told_before_anything_is_made(tmp_path: Path) -> None:
    watch = tmp_path / "watch.yaml"
    watch.write_text("company: Lantern\nservices: [{nme: a}]\n")
    with state_folder() as state:
        environment = environment_on_free_ports(state / "below") | {"REDUSE_WATCH": str(watch)}
        up = subprocess.run(
            [sys.executable, "-m", "reduse.cli", "up", "--detach"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert up.returncode == 2
        assert "services[0].nme" in up.stderr
        assert not (state / "below").exists()
