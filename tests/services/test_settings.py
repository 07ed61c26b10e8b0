"""Bad settings end a service with one line that says which and what to do."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.company import ROOT, service_environment
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.server


def start(name: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "uvicorn", f"{name}.app:app", "--port", "0"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("DATABASE_HOST", None, "DATABASE_HOST is not set: set it in the environment"),
        ("DATABASE_PORT", "a port", "DATABASE_PORT is not usable: input should be a valid integer"),
        ("BROKER_PORT", "70000", "BROKER_PORT is not usable: input should be less than or equal to 65535"),
        ("DATABASE_PASSWORD_FILE", "/nowhere", "DATABASE_PASSWORD_FILE is not usable: cannot read /nowhere"),
        ("BROKER_PASSWORD_FILE", "/dev/null", "BROKER_PASSWORD_FILE is not usable: /dev/null is empty"),
        ("DATABASE_POOL_SIZE", "0", "DATABASE_POOL_SIZE is not usable"),
    ],
)
def test_a_bad_setting_is_one_line_and_exit_code_2(tmp_path: Path, setting: str, value: str | None, said: str) -> None:
    environment = service_environment("shop_api", tmp_path, 1, 1)
    if value is None:
        del environment[setting]
    else:
        environment[setting] = value
    ended = start("shop_api", environment)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: {said}")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["shop_api", "crm_api", "mes_api"])
def test_every_service_says_what_it_misses(tmp_path: Path, name: str) -> None:
    environment = service_environment(name, tmp_path, 1, 1)
    del environment["BROKER_USER"]
    ended = start(name, environment)
    assert (ended.returncode, ended.stderr) == (2, "error: BROKER_USER is not set: set it in the environment\n")
